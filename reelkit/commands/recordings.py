"""``reelkit recordings``: recordings of an app."""

from enum import StrEnum
from typing import Annotated

import typer

from reelkit.commands import recording_files
from reelkit.commands.client import segment
from reelkit.commands.command import command
from reelkit.commands.connection import Connection
from reelkit.commands.formats import duration, local_time, size
from reelkit.commands.json_files import read_object
from reelkit.commands.lists import ListOptions, print_list
from reelkit.commands.meetings import MeetingArgument
from reelkit.commands.moments import SinceOption, UntilOption, moment
from reelkit.commands.output import Column, JsonOption, print_facts, print_json, remark
from reelkit.commands.record import print_started, watch_recording
from reelkit.commands.recording_options import StartOptions
from reelkit.commands.recording_view import facts, links

app = typer.Typer(
    name="recordings",
    help="Recordings of an app, and their files. reelkit record makes one and stays with it.",
    no_args_is_help=True,
)

RecordingArgument = Annotated[str, typer.Argument(help="The recording's id.", metavar="RECORDING")]

_COLUMNS = (
    Column("id", "id"),
    Column("status", "status"),
    Column("started", "started_time", local_time),
    Column("length", "recording_duration", duration, right=True),
    Column("size", "file_size", size, right=True, spare=True),
    Column("type", "type", spare=True),
    Column("meeting id", "meeting.id", spare=True),
    Column("meeting", "meeting.title", folds=True),
)


class Status(StrEnum):
    INVOKED = "INVOKED"
    RECORDING = "RECORDING"
    PAUSED = "PAUSED"
    UPLOADING = "UPLOADING"
    UPLOADED = "UPLOADED"
    ERRORED = "ERRORED"


class MediaKind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


@command(app, "list")
def list_recordings(
    connection: Connection,
    options: ListOptions,
    meeting: Annotated[str | None, typer.Option(help="Only those of this meeting.")] = None,
    search: Annotated[str | None, typer.Option(help="Part of the meeting's title, or an id.")] = None,
    status: Annotated[
        list[Status] | None, typer.Option(case_sensitive=False, help="Only those; more than once: any of them.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    expired: Annotated[
        bool | None, typer.Option("--expired/--not-expired", help="Whether their time in the bucket has ended.")
    ] = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Instead of the newest.")] = False,
) -> None:
    """Lists recordings, the newest first."""
    where = {
        "meeting_id": meeting,
        "search": search,
        "status": status or None,
        "start_time": moment("--since", since, ahead=False),
        "end_time": moment("--until", until, ahead=False),
        "expired": expired,
        "sort_order": "ASC" if oldest_first else None,
    }
    with connection.open() as server:
        print_list(server, "/recordings", _COLUMNS, options, where)


@command(app)
def show(recording: RecordingArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Shows a recording: how it stands, its delivery, its soundness and the links to its files."""
    with connection.open() as server:
        found = server.get(_path(recording))
    if as_json:
        print_json(found)
        return
    print_facts(facts(found))
    for name, url in links(found):
        typer.echo(f"{name}:\n  {url}")


@command(app)
def start(meeting: MeetingArgument, options: StartOptions, connection: Connection, as_json: JsonOption = False) -> None:
    """Starts recording a meeting and prints the recording's id. reelkit record stays with it."""
    body = options.body(meeting)
    with connection.open() as server:
        print_started(server.post("/recordings", body), as_json=as_json)


@command(app)
def track(
    meeting: MeetingArgument,
    connection: Connection,
    user: Annotated[
        list[str] | None,
        typer.Option(help="Only of this participant: an id, or a custom_participant_id. Once for each."),
    ] = None,
    media: Annotated[MediaKind | None, typer.Option(help="audio if it is left out.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Beginning of the files' names.")] = None,
    max_seconds: Annotated[int | None, typer.Option(help="Stop after so long.")] = None,
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Body of the call as JSON; - is standard input. Other options win over it."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Starts recording what each participant of a live session sends, in a file of its own; prints the id."""
    body = {} if config is None else read_object("--config", config)
    body["meeting_id"] = meeting
    layer = {"media_kind": media, "file_name_prefix": prefix}
    if given := {name: value for name, value in layer.items() if value is not None}:
        body["layers"] = {"default": given}
    if user:
        body["user_ids"] = user
    if max_seconds is not None:
        body["max_seconds"] = max_seconds
    with connection.open() as server:
        print_started(server.post("/recordings/track", body)["recording"], as_json=as_json)


@command(app)
def stop(recording: RecordingArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Stops a recording: its film is finished and delivered."""
    _steer(connection, recording, "stop", as_json=as_json)


@command(app)
def pause(recording: RecordingArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Pauses a recording: what comes is not in its film."""
    _steer(connection, recording, "pause", as_json=as_json)


@command(app)
def resume(recording: RecordingArgument, connection: Connection, as_json: JsonOption = False) -> None:
    """Goes on with a recording that is paused."""
    _steer(connection, recording, "resume", as_json=as_json)


command(app, "watch")(watch_recording)
app.add_typer(recording_files.app)


def _steer(connection: Connection, recording: str, action: str, *, as_json: bool) -> None:
    with connection.open() as server:
        found = server.put(_path(recording), {"action": action})
    if as_json:
        print_json(found)
    else:
        remark(f"{recording} is {found['status']}")


def _path(recording: str) -> str:
    return f"/recordings/{segment(recording)}"
