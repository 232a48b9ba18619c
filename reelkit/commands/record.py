"""``reelkit record``: records a meeting, and stays with the recording until it is delivered."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from reelkit.commands.client import ServerClient, segment
from reelkit.commands.connection import Connection
from reelkit.commands.downloads import Downloads
from reelkit.commands.errors import CommandError
from reelkit.commands.formats import duration, parsed, size, text
from reelkit.commands.interrupts import Interrupts
from reelkit.commands.moments import seconds
from reelkit.commands.output import JsonOption, at, print_json, remark
from reelkit.commands.progress_view import ProgressView
from reelkit.commands.recording_downloads import fetch_all, files_of, told
from reelkit.commands.recording_options import StartOptions
from reelkit.commands.recording_view import links, recorded_s
from reelkit.commands.watch import ENDED, Watch

# As other programs that Ctrl-C ends.
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOptions:
    """A bundle of options: what happens at the end of a recording that is watched."""

    stop_after: Annotated[
        float | None,
        typer.Option(parser=seconds, metavar="DURATION", help="Stop it so long after it has begun: 30s, 5m, 1h30m."),
    ] = None
    out: Annotated[
        Path | None, typer.Option(help="Download its files to this directory and check them.", file_okay=False)
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False


class RecordingFailed(CommandError):
    """The recording ended ERRORED."""


def record(
    meeting: Annotated[str, typer.Argument(help="The meeting's id.", metavar="MEETING")],
    options: StartOptions,
    connection: Connection,
    end: EndOptions,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show how it goes on until it is delivered. --stop-after and --out do, too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Records a meeting and prints the recording's id.

    While it is watched, Ctrl-C stops the recording and waits for its film; a second one leaves it to itself.

    Exit status 1 if it ends ERRORED.
    """
    body = options.body(meeting)
    watched = watch or end.stop_after is not None or end.out is not None
    with connection.open() as server:
        if not watched:
            print_started(server.post("/recordings", body), as_json=as_json)
            return
        with Interrupts() as interrupts:
            since_s = time.monotonic()
            started = server.post("/recordings", body)
            if not as_json:
                typer.echo(started["id"])
            follow(server, started, interrupts, end, since_s=since_s, as_json=as_json)


def follow(
    server: ServerClient,
    recording: dict[str, Any],
    interrupts: Interrupts,
    end: EndOptions,
    *,
    since_s: float | None = None,
    as_json: bool,
) -> None:
    """Watches a recording to its end and prints what became of it. Raises CommandError, also where it ERRORED."""
    try:
        with ProgressView(stderr=as_json) as view:
            watch = Watch(
                server,
                view,
                interrupts,
                stop_after_s=end.stop_after,
                since_s=time.monotonic() - _age_s(recording) if since_s is None else since_s,
            )
            ended = watch.run(recording)
    except KeyboardInterrupt as error:
        remark(f"the recording goes on without this command: reelkit recordings watch {recording['id']}")
        raise typer.Exit(EXIT_INTERRUPTED) from error
    except CommandError as error:
        remark(f"the recording may go on: reelkit recordings watch {recording['id']}")
        raise error from None
    _finish(ended, end, as_json=as_json)


def watch_recording(
    recording: Annotated[str, typer.Argument(help="The recording's id.", metavar="RECORDING")],
    connection: Connection,
    end: EndOptions,
    as_json: JsonOption = False,
) -> None:
    """Shows how a recording goes on until it is delivered.

    Ctrl-C stops the recording and waits for its film; a second one leaves it to itself.

    Exit status 1 if it ends ERRORED.
    """
    with connection.open() as server:
        found = server.get(f"/recordings/{segment(recording)}")
        if found["status"] in ENDED:
            _finish(found, end, as_json=as_json)
            return
        with Interrupts() as interrupts:
            follow(server, found, interrupts, end, as_json=as_json)


def print_started(recording: dict[str, Any], *, as_json: bool) -> None:
    """The answer to a start call."""
    if as_json:
        print_json(recording)
    else:
        typer.echo(recording["id"])


def _finish(recording: dict[str, Any], end: EndOptions, *, as_json: bool) -> None:
    if as_json:
        print_json(recording)
    else:
        _summarize(recording, with_links=end.out is None)
    errored = recording["status"] == "ERRORED"
    # What there is of one that failed is brought here all the same.
    if end.out is not None and (files_of(recording) or not errored):
        with Downloads(replace=end.force) as downloads:
            fetched = fetch_all(recording, end.out, downloads)
        for line in told(fetched):
            typer.echo(line, err=as_json)
    if errored:
        reason = at(recording, "reelkit.error") or at(recording, "reelkit.destination.error") or "no reason given"
        raise RecordingFailed(f"the recording failed: {reason}")


def _summarize(recording: dict[str, Any], *, with_links: bool) -> None:
    length_s = recorded_s(recording)
    parts = [
        text(recording.get("status")),
        "" if length_s is None else duration(length_s),
        size(recording.get("file_size")),
        text(recording.get("output_file_name")),
    ]
    typer.echo("  ".join(part for part in parts if part))
    for note in at(recording, "reelkit.notes") or []:
        typer.echo(f"note: {text(note)}")
    if with_links:
        for name, url in links(recording):
            typer.echo(f"{name}: {url}")


def _age_s(recording: dict[str, Any]) -> float:
    began = parsed(recording.get("started_time") or recording.get("invoked_time"))
    return 0.0 if began is None else max((datetime.now(UTC) - began).total_seconds(), 0.0)
