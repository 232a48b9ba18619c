"""``reelkit sessions``: when meetings were held, who was there and what was written."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reelkit.commands.client import segment
from reelkit.commands.command import command
from reelkit.commands.connection import Connection
from reelkit.commands.downloads import Download, Downloads
from reelkit.commands.formats import local_time, minutes, size, whole_time
from reelkit.commands.lists import ListOptions, print_list
from reelkit.commands.moments import SinceOption, UntilOption, moment
from reelkit.commands.output import Column, JsonOption, print_item, print_json

app = typer.Typer(
    name="sessions", help="When meetings were held, who was there and what was written.", no_args_is_help=True
)

SessionArgument = Annotated[str, typer.Argument(help="The session's id.", metavar="SESSION")]

SESSIONS = (
    Column("id", "id"),
    Column("status", "status"),
    Column("started", "started_at", local_time),
    Column("ended", "ended_at", local_time, spare=True),
    Column("present", "live_participants", right=True, spare=True),
    Column("most", "max_concurrent_participants", right=True, spare=True),
    Column("meeting", "meeting_display_name", folds=True),
)
_FACTS = (
    Column("id", "id"),
    Column("meeting", "meeting_display_name"),
    Column("meeting id", "associated_id"),
    Column("status", "status"),
    Column("started", "started_at", whole_time),
    Column("ended", "ended_at", whole_time),
    Column("present now", "live_participants"),
    Column("most at once", "max_concurrent_participants"),
    Column("minutes of all people", "minutes_consumed"),
)
_PARTICIPANTS = (
    Column("participant id", "user_id"),
    Column("joined", "joined_at", local_time),
    Column("stayed", "duration", minutes, right=True),
    Column("left", "left_at", local_time, spare=True),
    Column("preset", "preset_name", spare=True),
    Column("custom id", "custom_participant_id", folds=True, spare=True),
    Column("device", "id", spare=True),
    Column("name", "display_name", folds=True),
)


class Status(StrEnum):
    LIVE = "LIVE"
    ENDED = "ENDED"


@command(app, "list")
def list_sessions(
    connection: Connection,
    options: ListOptions,
    meeting: Annotated[str | None, typer.Option(help="Only those of this meeting.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only those.", case_sensitive=False)] = None,
    search: Annotated[str | None, typer.Option(help="Part of the meeting's title, or an id.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Lists sessions, the newest first."""
    where = {
        "associated_id": meeting,
        "status": status,
        "search": search,
        "start_time": moment("--since", since, ahead=False),
        "end_time": moment("--until", until, ahead=False),
    }
    with connection.open() as server:
        print_list(server, "/sessions", SESSIONS, options, where, key="sessions")


@command(app)
def show(session: SessionArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Shows a session."""
    with connection.open() as server:
        found = server.get(_path(session))
    if as_json:
        print_json(found)
    else:
        print_item(found, _FACTS)


@command(app)
def participants(
    session: SessionArgument,
    connection: Connection,
    options: ListOptions,
    search: Annotated[str | None, typer.Option(help="Part of the name, or an id.")] = None,
) -> None:
    """Lists who was there, with when and how long."""
    with connection.open() as server:
        path = f"{_path(session)}/participants"
        print_list(server, path, _PARTICIPANTS, options, {"search": search}, key="participants")


@command(app)
def chat(
    session: SessionArgument,
    connection: Connection,
    out: Annotated[Path | None, typer.Option(help="Where to; chat-SESSION.csv when left out.", dir_okay=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="So that a spreadsheet takes nothing in it for a formula.")
    ] = False,
) -> None:
    """Downloads the chat as CSV and prints the file's path."""
    target = out or Path(f"chat-{segment(session)}.csv")
    with connection.open() as server, Downloads(replace=force) as downloads:
        url = str(server.get(f"{_path(session)}/chat")["chat_download_url"])
        done = downloads.fetch(Download(f"{url}&spreadsheet=true" if spreadsheet else url, target.name), target)
    typer.echo(f"{done.path} ({size(done.size_bytes)})")


def _path(session: str) -> str:
    return f"/sessions/{segment(session)}"
