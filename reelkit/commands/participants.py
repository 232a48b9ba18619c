"""``reelkit participants``: who may join a meeting, and by which token."""

from typing import Annotated, Any

import typer

from reelkit.commands.client import segment
from reelkit.commands.command import command
from reelkit.commands.connection import Connection
from reelkit.commands.errors import WrongUsage
from reelkit.commands.formats import local_time, whole_time
from reelkit.commands.lists import ListOptions, print_list
from reelkit.commands.meetings import MeetingArgument
from reelkit.commands.output import Column, JsonOption, print_item, print_json, remark

app = typer.Typer(name="participants", help="Who may join a meeting, and by which token.", no_args_is_help=True)

ParticipantArgument = Annotated[str, typer.Argument(help="The participant's id.", metavar="PARTICIPANT")]
NameOption = Annotated[str | None, typer.Option(help="What others see.")]
PictureOption = Annotated[str | None, typer.Option(metavar="URL", help="A picture of them.")]
_PRESET_HELP = "Name of the preset that says what they may do."

_COLUMNS = (
    Column("id", "id"),
    Column("name", "name", folds=True),
    Column("custom id", "custom_participant_id", folds=True),
    Column("preset", "preset_name", spare=True),
    Column("created", "created_at", local_time, spare=True),
)
_FACTS = (
    Column("id", "id"),
    Column("name", "name"),
    Column("custom id", "custom_participant_id"),
    Column("preset", "preset_name"),
    Column("picture", "picture"),
    Column("created", "created_at", whole_time),
    Column("changed", "updated_at", whole_time),
)


@command(app)
def add(
    meeting: MeetingArgument,
    custom_id: Annotated[str, typer.Argument(help="Who it is, as your application knows them.", metavar="CUSTOM_ID")],
    connection: Connection,
    name: NameOption = None,
    preset: Annotated[str, typer.Option(help=_PRESET_HELP)] = "group_call_participant",
    picture: PictureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Adds a participant and prints the token by which a client joins. It is told once."""
    body = _given(custom_participant_id=custom_id, preset_name=preset, name=name, picture=picture)
    with connection.open() as server:
        made = server.post(_path(meeting), body)
    if as_json:
        print_json(made)
        return
    remark(f"participant {made['id']}; the token:")
    typer.echo(made["token"])


@command(app, "list")
def list_participants(meeting: MeetingArgument, connection: Connection, options: ListOptions) -> None:
    """Lists participants, those added first at the top."""
    with connection.open() as server:
        print_list(server, _path(meeting), _COLUMNS, options)


@command(app)
def show(
    meeting: MeetingArgument, participant: ParticipantArgument, connection: Connection, as_json: JsonOption = False
) -> None:
    """Shows a participant."""
    with connection.open() as server:
        _show(server.get(_path(meeting, participant)), as_json=as_json)


@command(app)
def edit(
    meeting: MeetingArgument,
    participant: ParticipantArgument,
    connection: Connection,
    name: NameOption = None,
    preset: Annotated[str | None, typer.Option(help=_PRESET_HELP)] = None,
    picture: PictureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Changes what the options name; all else stays as it is."""
    body = _given(preset_name=preset, name=name, picture=picture)
    if not body:
        raise WrongUsage("nothing to change: give --name, --preset or --picture")
    with connection.open() as server:
        _show(server.patch(_path(meeting, participant), body), as_json=as_json)


@command(app)
def token(
    meeting: MeetingArgument, participant: ParticipantArgument, connection: Connection, as_json: JsonOption = False
) -> None:
    """Makes a new token for a participant and prints it; earlier ones are void."""
    with connection.open() as server:
        made = server.post(f"{_path(meeting, participant)}/token")
    if as_json:
        print_json(made)
    else:
        typer.echo(made["token"])


@command(app)
def remove(
    meeting: MeetingArgument, participant: ParticipantArgument, connection: Connection, as_json: JsonOption = False
) -> None:
    """Shuts a participant out: tokens are void, and they leave the meeting at once."""
    with connection.open() as server:
        removed = server.delete(_path(meeting, participant))
    if as_json:
        print_json(removed)
    else:
        remark(f"removed {participant}")


def _show(participant: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(participant)
    else:
        print_item(participant, _FACTS)


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _path(meeting: str, participant: str | None = None) -> str:
    path = f"/meetings/{segment(meeting)}/participants"
    return path if participant is None else f"{path}/{segment(participant)}"
