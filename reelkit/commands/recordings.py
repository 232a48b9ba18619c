"""``reelkit recordings …``: what the operator does to recordings of a running server."""

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
from reelkit.commands.errors import CommandError

EXIT_FAILED = 1
_NAMES = {
    "hosted_files": "files in the hosted bucket",
    "storage_files": "files in own storage",
    "render": "a film that was made again",
    "job": "the renderer's files",
    "capture": "the capture",
}

app = typer.Typer(
    name="recordings", help="Recordings of a running server.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.callback()
def _group() -> None:
    """Keeps the command's name although it is the only one."""


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
