"""``reelkit meetings``: meetings of an app, and who is in them."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from reelkit.commands.client import segment
from reelkit.commands.command import command
from reelkit.commands.connection import Connection
from reelkit.commands.errors import WrongUsage
from reelkit.commands.formats import duration, local_time, text, whole_time
from reelkit.commands.lists import ListOptions, print_list
from reelkit.commands.meeting_options import MeetingOptions
from reelkit.commands.moments import SinceOption, UntilOption, moment
from reelkit.commands.output import Column, JsonOption, at, print_facts, print_item, print_json, remark
from reelkit.commands.sessions import SESSIONS

app = typer.Typer(name="meetings", help="Meetings of an app, and who is in them now.", no_args_is_help=True)

MeetingArgument = Annotated[str, typer.Argument(help="The meeting's id.", metavar="MEETING")]

_COLUMNS = (
    Column("id", "id"),
    Column("status", "status"),
    Column("created", "created_at", local_time, spare=True),
    Column("title", "title", folds=True),
)
_FACTS = (
    Column("id", "id"),
    Column("title", "title"),
    Column("status", "status"),
    Column("recorded from the start", "record_on_start"),
    Column("chat is kept", "persist_chat"),
    Column("stays open when empty", "session_keep_alive_time_in_secs", duration),
    Column("created", "created_at", whole_time),
    Column("changed", "updated_at", whole_time),
)


class Status(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


@command(app, "list")
def list_meetings(
    connection: Connection,
    options: ListOptions,
    search: Annotated[str | None, typer.Option(help="Part of the title, or an id.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only those.", case_sensitive=False)] = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Lists meetings, those made last first."""
    where = {
        "search": search,
        "status": status,
        "start_time": moment("--since", since, ahead=False),
        "end_time": moment("--until", until, ahead=False),
    }
    with connection.open() as server:
        print_list(server, "/meetings", _COLUMNS, options, where)


@command(app)
def create(
    connection: Connection,
    options: MeetingOptions,
    title: Annotated[str | None, typer.Argument(help="A title for people.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Makes a meeting and prints its id."""
    body = options.body(title)
    with connection.open() as server:
        made = server.post("/meetings", body)
    if as_json:
        print_json(made)
    else:
        typer.echo(made["id"])


@command(app)
def show(meeting: MeetingArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Shows a meeting."""
    with connection.open() as server:
        _show(server.get(_path(meeting)), as_json=as_json)


@command(app)
def update(
    meeting: MeetingArgument,
    connection: Connection,
    options: MeetingOptions,
    title: Annotated[str | None, typer.Option(help="A title for people.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Changes what the options name; all else stays as it is."""
    body = options.body(title)
    if not body:
        raise WrongUsage("nothing to change: give --title or another field")
    with connection.open() as server:
        _show(server.patch(_path(meeting), body), as_json=as_json)


@command(app)
def activate(meeting: MeetingArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Lets people join again."""
    _set_status(connection, meeting, Status.ACTIVE, as_json=as_json)


@command(app)
def deactivate(meeting: MeetingArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Lets nobody join any more."""
    _set_status(connection, meeting, Status.INACTIVE, as_json=as_json)


@command(app)
def sessions(meeting: MeetingArgument, connection: Connection, options: ListOptions) -> None:
    """Lists when a meeting was held, the last time first."""
    with connection.open() as server:
        print_list(server, "/sessions", SESSIONS, options, {"associated_id": meeting}, key="sessions")


@command(app)
def kick(
    meeting: MeetingArgument,
    connection: Connection,
    participant: Annotated[list[str] | None, typer.Argument(help="Ids of participants.")] = None,
    custom_id: Annotated[
        list[str] | None, typer.Option(help="A participant's custom_participant_id; once for each.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Removes participants from the session that goes on. They may join again: see reelkit participants remove."""
    if not participant and not custom_id:
        raise WrongUsage("name somebody: ids of participants, or --custom-id")
    wanted = {"participant_ids": participant, "custom_participant_ids": custom_id}
    body = {name: ids for name, ids in wanted.items() if ids}
    with connection.open() as server:
        answer = server.post(f"{_path(meeting)}/active-session/kick", body)
    if as_json:
        print_json(answer)
        return
    kicked = answer.get("participants") or []
    typer.echo(f"kicked {len(kicked)}")
    for each in kicked:
        typer.echo(f"{text(each.get('id'))} {text(each.get('name'))}".rstrip())


@command(app)
def kick_all(
    meeting: MeetingArgument,
    connection: Connection,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Removes everybody from the session that goes on, which ends it."""
    if not yes:
        typer.confirm("Remove everybody from the meeting?", abort=True, err=True)
    with connection.open() as server:
        answer = server.post(f"{_path(meeting)}/active-session/kick-all")
    if as_json:
        print_json(answer)
    else:
        typer.echo(f"kicked {text(at(answer, 'kicked_participants_count'))}")


def _set_status(connection: Connection, meeting: str, status: Status, *, as_json: bool) -> None:
    with connection.open() as server:
        changed = server.patch(_path(meeting), {"status": status})
    if as_json:
        print_json(changed)
    else:
        remark(f"{meeting} is {status}")


def _show(meeting: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(meeting)
        return
    print_item(meeting, _FACTS)
    if (config := meeting.get("recording_config")) is not None:
        print_facts([("recording_config", "")])
        print_json(config)


def _path(meeting: str) -> str:
    return f"/meetings/{segment(meeting)}"
