"""``reelkit presets``: what participants may do, and how the meeting looks to them."""

from typing import Annotated, Any
from uuid import UUID

import typer

from reelkit.commands.client import ServerClient, segment
from reelkit.commands.command import command
from reelkit.commands.connection import Connection
from reelkit.commands.errors import NotThere
from reelkit.commands.formats import local_time
from reelkit.commands.json_files import read_object
from reelkit.commands.lists import ListOptions, print_list
from reelkit.commands.output import Column, JsonOption, print_json, remark

app = typer.Typer(
    name="presets", help="What participants may do, and how the meeting looks to them.", no_args_is_help=True
)

PresetArgument = Annotated[str, typer.Argument(help="The preset's name or id.", metavar="PRESET")]
FileArgument = Annotated[str, typer.Argument(help="File with JSON; - is standard input.", metavar="FILE")]

_COLUMNS = (
    Column("id", "id"),
    Column("changed", "updated_at", local_time, spare=True),
    Column("name", "name", folds=True),
)
# What a preset consists of; the rest of an answer is about it.
_CONTENTS = ("config", "permissions", "ui")


@command(app, "list")
def list_presets(
    connection: Connection,
    options: ListOptions,
    search: Annotated[str | None, typer.Option(help="Part of the name.")] = None,
) -> None:
    """Lists presets by name."""
    with connection.open() as server:
        print_list(server, "/presets", _COLUMNS, options, {"search": search})


@command(app)
def show(preset: PresetArgument, connection: Connection) -> None:
    """Prints a whole preset as JSON. Without id and times it is what create and update take."""
    with connection.open() as server:
        print_json(server.get(_path(server, preset)))


@command(app)
def create(file: FileArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Makes a preset of name, config, permissions and ui in a file, and prints its id."""
    body = read_object("FILE", file)
    with connection.open() as server:
        _print_made(server.post("/presets", body), as_json=as_json)


@command(app)
def update(
    preset: PresetArgument,
    file: FileArgument,
    connection: Connection,
    replace: Annotated[bool, typer.Option("--replace", help="The file holds the whole preset.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Changes what a file names of a preset; all else stays as it is."""
    body = read_object("FILE", file)
    with connection.open() as server:
        path = _path(server, preset)
        changed = server.put(path, body) if replace else server.patch(path, body)
    if as_json:
        print_json(changed)
    else:
        remark(f"changed {preset}")


@command(app)
def delete(
    preset: PresetArgument,
    connection: Connection,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Deletes a preset."""
    if not yes:
        typer.confirm(f"Delete the preset {preset}?", abort=True, err=True)
    with connection.open() as server:
        deleted = server.delete(_path(server, preset))
    if as_json:
        print_json(deleted)
    else:
        remark(f"deleted {preset}")


@command(app)
def copy(
    preset: PresetArgument,
    name: Annotated[str, typer.Argument(help="The copy's name.", metavar="NEW_NAME")],
    connection: Connection,
    as_json: JsonOption = False,
) -> None:
    """Makes a preset like another one, and prints its id."""
    with connection.open() as server:
        original = server.get(_path(server, preset))
        contents = {part: original[part] for part in _CONTENTS if part in original}
        _print_made(server.post("/presets", {"name": name, **contents}), as_json=as_json)


def _print_made(preset: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(preset)
    else:
        typer.echo(preset["id"])


def _path(server: ServerClient, preset: str) -> str:
    """The path of a preset that is named by its id, or by its name. Raises NotThere."""
    try:
        return f"/presets/{segment(str(UUID(preset)))}"
    except ValueError:
        pass
    for found in server.every("/presets", search=preset):
        if found.get("name") == preset:
            return f"/presets/{segment(str(found['id']))}"
    raise NotThere(f"there is no preset named {preset} in this app: reelkit presets list shows all")
