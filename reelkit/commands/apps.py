"""``reelkit apps``: apps of an account, and what their recordings are like where nobody says otherwise."""

from typing import Annotated

import typer

from reelkit.commands.command import command
from reelkit.commands.connection import AccountConnection, Connection
from reelkit.commands.formats import local_time
from reelkit.commands.json_files import read_object
from reelkit.commands.lists import ListOptions, print_list
from reelkit.commands.output import Column, JsonOption, print_json, remark

app = typer.Typer(name="apps", help="Apps of an account, and the defaults of their recordings.", no_args_is_help=True)
defaults = typer.Typer(
    name="defaults",
    help="What an app's recordings are like unless a meeting or a call says otherwise.",
    no_args_is_help=True,
)
app.add_typer(defaults)

FileArgument = Annotated[
    str, typer.Argument(help="File with a recording_config as JSON; - is standard input.", metavar="FILE")
]

_PATH = "/realtime/kit/apps"
_DEFAULTS = "/recording-config"
_COLUMNS = (Column("id", "id"), Column("created", "created_at", local_time), Column("name", "name", folds=True))


@command(app, "list")
def list_apps(
    connection: AccountConnection,
    options: ListOptions,
    search: Annotated[str | None, typer.Option(help="Part of the name.")] = None,
) -> None:
    """Lists the account's apps, newest first."""
    with connection.open() as server:
        print_list(server.account, _PATH, _COLUMNS, options, {"search": search})


@command(app)
def create(
    name: Annotated[str, typer.Argument(help="A name for people.")],
    connection: AccountConnection,
    as_json: JsonOption = False,
) -> None:
    """Makes an app with the default presets and prints its id."""
    with connection.open() as server:
        made = server.account.post(_PATH, {"name": name})
    if as_json:
        print_json(made)
    else:
        typer.echo(made["app"]["id"])


@command(defaults)
def show(connection: Connection) -> None:
    """Prints them as JSON, without what is write-only."""
    with connection.open() as server:
        print_json(server.get(_DEFAULTS))


@command(defaults, "set")
def set_defaults(file: FileArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Replaces them by what a file holds."""
    body = read_object("FILE", file)
    with connection.open() as server:
        _told(server.put(_DEFAULTS, body), as_json=as_json)


@command(defaults)
def update(file: FileArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Changes what a file names; null takes a field out, all else stays as it is."""
    body = read_object("FILE", file)
    with connection.open() as server:
        _told(server.patch(_DEFAULTS, body), as_json=as_json)


@command(defaults)
def clear(connection: Connection) -> None:
    """Forgets them."""
    with connection.open() as server:
        server.delete(_DEFAULTS)
    remark("cleared")


def _told(config: object, *, as_json: bool) -> None:
    if as_json:
        print_json(config)
    else:
        remark("set; recordings that are started from now on are like that")
