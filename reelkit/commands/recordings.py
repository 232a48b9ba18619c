"""``reelkit recordings …``: what the operator does to recordings of a running server."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from reelkit.commands.client import (
    DEFAULT_DATA,
    AccountOption,
    AppOption,
    DataOption,
    TokenOption,
    UrlOption,
    connected,
    segment,
)
from reelkit.commands.errors import CommandError, WrongUsage

EXIT_FAILED = 1
_NAMES = {
    "hosted_files": "files in the hosted bucket",
    "storage_files": "files in own storage",
    "render": "a film that was made again",
    "job": "the renderer's files",
    "capture": "the capture",
    "diagnosis": "the diagnosis of its page",
}

app = typer.Typer(
    name="recordings", help="Recordings of a running server.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.command()
def delete(
    recording: Annotated[list[str], typer.Argument(help="Ids of recordings that have ended.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    account: AccountOption = None,
    app_id: AppOption = None,
) -> None:
    """Erases recordings for good: files, further films, capture, and the copies in callers' own storage.

    Exit status 1 if something could not be removed, or a recording was refused; the others are erased all the same.
    """
    if not yes:
        typer.confirm(f"Erase {len(recording)} recording(s) with everything that they have?", abort=True)
    failed = False
    with connected(data, url, token, account, app_id) as client:
        for each in recording:
            try:
                erasure = client.delete(f"/recordings/{segment(each)}")
            except CommandError as error:
                typer.echo(f"{each}: not erased: {error.message}", err=True)
                failed = True
                continue
            typer.echo(f"{each}: {_told(erasure)}")
            failed |= erasure["state"] == "INCOMPLETE"
    if failed:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def deliver(
    recording: Annotated[str, typer.Argument(help="Id of a recording whose delivery to own storage failed.")],
    storage: Annotated[
        typer.FileText | None,
        typer.Option(
            help="File with another storage_config as JSON; - is standard input. As before if it is left out."
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    account: AccountOption = None,
    app_id: AppOption = None,
) -> None:
    """Tries a delivery to the caller's own storage again, from the hosted bucket."""
    with connected(data, url, token, account, app_id) as client:
        body = {} if storage is None else {"storage_config": _json(storage)}
        answer = client.post(f"/recordings/{segment(recording)}/delivery", body)
    typer.echo(f"{answer['id']}: {answer['status']} to {answer['reelkit']['destination']['label']}")


@app.command()
def diagnosis(
    recording: Annotated[str, typer.Argument(help="Id of a recording of a page (url) that failed.")],
    screenshot: Annotated[
        Path | None, typer.Option(help="Write what the page showed last to this PNG file, too.", dir_okay=False)
    ] = None,
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    account: AccountOption = None,
    app_id: AppOption = None,
) -> None:
    """Prints, as JSON, why a page could not be recorded: its console, failed requests, limits."""
    with connected(data, url, token, account, app_id) as client:
        path = f"/recordings/{segment(recording)}/page-diagnosis"
        report = client.get(path)
        picture = client.download(f"{path}/screenshot") if screenshot is not None else b""
    typer.echo(json.dumps(report, indent=1))
    if screenshot is not None:
        try:
            screenshot.write_bytes(picture)
        except OSError as error:
            typer.echo(f"reelkit: {screenshot} cannot be written: {error.strerror}", err=True)
            raise typer.Exit(EXIT_FAILED) from error


def _json(file: typer.FileText) -> Any:  # noqa: ANN401 - the server judges it
    try:
        return json.load(file)
    except ValueError as error:
        # What the error says is a place, and nothing of what stands there.
        raise WrongUsage(f"--storage: this is not JSON: {error}") from error


def _told(erasure: dict[str, Any]) -> str:
    lines = ["erased" if erasure["state"] == "ERASED" else "erased but for what is named here"]
    lines += [f"  removed: {_named(each)}" for each in erasure["removed"]]
    for each in erasure["left"]:
        again = "it is tried again by itself" if each["tried_again"] else "mend that, then erase it again"
        lines.append(f"  still there: {_named(each)}: {each.get('reason', 'not tried yet')} ({again})")
    return "\n".join(lines)


def _named(thing: dict[str, Any]) -> str:
    name = _NAMES.get(thing["what"], thing["what"])
    detail = thing.get("where") or thing.get("id")
    return f"{name} ({detail})" if detail else name
