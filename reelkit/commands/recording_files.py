"""``reelkit recordings …``: the files of recordings, and what else is kept of them."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from reelkit.commands.client import segment
from reelkit.commands.command import command
from reelkit.commands.connection import Connection
from reelkit.commands.downloads import Downloads
from reelkit.commands.errors import CommandError, FileTrouble
from reelkit.commands.formats import text
from reelkit.commands.json_files import read_json
from reelkit.commands.output import JsonOption, print_json
from reelkit.commands.recording_downloads import fetch_all, told

app = typer.Typer()

EXIT_FAILED = 1
_NAMES = {
    "hosted_files": "files in the hosted bucket",
    "storage_files": "files in own storage",
    "render": "a film that was made again",
    "job": "the renderer's files",
    "capture": "the capture",
    "diagnosis": "the diagnosis of its page",
}


@command(app)
def download(
    recording: Annotated[str, typer.Argument(help="Id of a recording that was delivered.")],
    connection: Connection,
    out: Annotated[Path, typer.Option(help="Directory for the files.", file_okay=False)] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an array of the files.")] = False,
) -> None:
    """Downloads all files of a recording from the hosted bucket and checks them against the server's SHA-256."""
    with connection.open() as server, Downloads(replace=force) as downloads:
        found = server.get(f"/recordings/{segment(recording)}")
        fetched = fetch_all(found, out, downloads)
    if as_json:
        print_json([dataclasses.asdict(file) | {"path": str(file.path)} for file in fetched])
    else:
        typer.echo("\n".join(told(fetched)))


@command(app)
def delete(
    recording: Annotated[list[str], typer.Argument(help="Ids of recordings that have ended.")],
    connection: Connection,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an array of what the API sends.")] = False,
) -> None:
    """Erases recordings for good: files, further films, capture, and the copies in callers' own storage.

    Exit status 1 if something could not be removed, or a recording was refused; the others are erased all the same.
    """
    if not yes:
        typer.confirm(f"Erase {len(recording)} recording(s) with everything that they have?", abort=True, err=True)
    failed = False
    erasures = []
    with connection.open() as server:
        for each in recording:
            try:
                erasure = server.delete(f"/recordings/{segment(each)}")
            except CommandError as error:
                typer.echo(f"{each}: not erased: {text(error.message)}", err=True)
                failed = True
                continue
            erasures.append(erasure)
            if not as_json:
                typer.echo(f"{each}: {_told(erasure)}")
            failed |= erasure["state"] == "INCOMPLETE"
    if as_json:
        print_json(erasures)
    if failed:
        raise typer.Exit(EXIT_FAILED)


@command(app)
def deliver(
    recording: Annotated[str, typer.Argument(help="Id of a recording whose delivery to own storage failed.")],
    connection: Connection,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="File with another storage_config as JSON; - is standard input. As before if it is left out.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tries a delivery to the caller's own storage again, from the hosted bucket."""
    body = {} if storage is None else {"storage_config": read_json("--storage", storage)}
    with connection.open() as server:
        answer = server.post(f"/recordings/{segment(recording)}/delivery", body)
    if as_json:
        print_json(answer)
        return
    typer.echo(f"{answer['id']}: {answer['status']} to {text(answer['reelkit']['destination']['label'])}")


@command(app)
def diagnosis(
    recording: Annotated[str, typer.Argument(help="Id of a recording of a page (url) that failed.")],
    connection: Connection,
    screenshot: Annotated[
        Path | None, typer.Option(help="Write what the page showed last to this PNG file, too.", dir_okay=False)
    ] = None,
) -> None:
    """Prints, as JSON, why a page could not be recorded: its console, failed requests, limits."""
    with connection.open() as server:
        path = f"/recordings/{segment(recording)}/page-diagnosis"
        report = server.get(path)
        picture = server.download(f"{path}/screenshot") if screenshot is not None else b""
    typer.echo(json.dumps(report, indent=1))
    if screenshot is not None:
        try:
            screenshot.write_bytes(picture)
        except OSError as error:
            raise FileTrouble(f"{screenshot} cannot be written: {error.strerror}") from error


def _told(erasure: dict[str, Any]) -> str:
    lines = ["erased" if erasure["state"] == "ERASED" else "erased but for what is named here"]
    lines += [f"  removed: {_named(each)}" for each in erasure["removed"]]
    for each in erasure["left"]:
        again = "it is tried again by itself" if each["tried_again"] else "mend that, then erase it again"
        lines.append(f"  still there: {_named(each)}: {text(each.get('reason', 'not tried yet'))} ({again})")
    return "\n".join(lines)


def _named(thing: dict[str, Any]) -> str:
    name = _NAMES.get(thing["what"], thing["what"])
    detail = thing.get("where") or thing.get("id")
    return f"{name} ({text(detail)})" if detail else name
