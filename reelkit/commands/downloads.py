"""Files from a server's bucket: into place only when they are whole, with a bar and a check of their hash."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import httpx
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from reelkit.commands.errors import FileTrouble
from reelkit.commands.output import console

_TIMEOUT_S = 30.0
# A film is long, and so is the way through some networks: each attempt goes on where the one before broke off.
_ATTEMPTS = 5
PAUSE_S = 1.0
# Of a file in the bar; names are long, and their ends differ.
_NAME_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Download:
    """A file to fetch. ``url`` is a signed link: it is never printed."""

    url: str
    name: str
    sha256: str | None = None
    """In hexadecimal; None if the server does not tell it."""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is here."""

    path: Path
    size_bytes: int
    sha256: str
    checked: bool
    """Whether the server told the hash, and it is this one."""


class Downloads:
    """Fetches files one after the other. Use it as a context manager. A file that is there is only replaced if
    ``replace`` says so."""

    def __init__(self, *, replace: bool = False, transport: httpx.BaseTransport | None = None) -> None:
        self._replace = replace
        # Without the API's token: the links lead elsewhere, too, and carry their own permission.
        self._http = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True, transport=transport)
        name = TextColumn("{task.description}", table_column=Column(max_width=_NAME_WIDTH, no_wrap=True))
        columns = (name, BarColumn(), DownloadColumn(), TimeRemainingColumn())
        out = console(stderr=True)
        self._bar = Progress(*columns, console=out, transient=True, disable=not out.is_terminal)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        self._http.close()

    def fetch(self, wanted: Download, target: Path) -> Fetched:
        """Brings a file to ``target``. Raises FileTrouble."""
        if target.exists() and not self._replace:
            raise FileTrouble(f"{target} is there already: move it away, or say --force")
        task = self._bar.add_task(_short(wanted.name), total=wanted.size_bytes)
        part = target.with_name(f".{target.name}.part")
        try:
            with _writing(part) as file:
                digest = self._copy(wanted, file, task)
                file_bytes = file.tell()
                if wanted.sha256 is not None and digest != wanted.sha256.lower():
                    raise FileTrouble(
                        f"{wanted.name} came damaged (its SHA-256 is not the one that the server told): try again"
                    )
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except OSError as error:
            raise FileTrouble(f"{target} cannot be written: {error.strerror or error}") from error
        finally:
            self._bar.remove_task(task)
            # Not there any more if all went well.
            with suppress(OSError):
                part.unlink()
        return Fetched(target, file_bytes, digest, wanted.sha256 is not None)

    def _copy(self, wanted: Download, file: BinaryIO, task: TaskID) -> str:
        digest = hashlib.sha256()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                for chunk, goes_on in self._chunks(wanted, file.tell()):
                    if not goes_on:
                        # The whole file comes again.
                        file.seek(0)
                        file.truncate()
                        digest = hashlib.sha256()
                    file.write(chunk)
                    digest.update(chunk)
                    self._bar.update(task, completed=file.tell())
                return digest.hexdigest()
            except httpx.HTTPError as error:
                if attempt == _ATTEMPTS:
                    raise FileTrouble(
                        f"{wanted.name} could not be downloaded: {_trouble(wanted.url, error)}"
                    ) from error
                time.sleep(PAUSE_S)
            except (httpx.InvalidURL, ValueError) as error:
                raise FileTrouble(f"{wanted.name}: the server sent a link that is none") from error
        raise AssertionError("the last attempt ends the loop")

    def _chunks(self, wanted: Download, offset_bytes: int) -> Iterator[tuple[bytes, bool]]:
        """What follows ``offset_bytes``; the first chunk is False if it begins at 0 instead though more is here."""
        # Compressed on the way it would be another number of bytes.
        headers = {"accept-encoding": "identity"}
        if offset_bytes:
            headers["range"] = f"bytes={offset_bytes}-"
        with self._http.stream("GET", wanted.url, headers=headers) as answer:
            if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset_bytes == wanted.size_bytes:
                return
            if not answer.is_success:
                raise FileTrouble(
                    f"{wanted.name} could not be downloaded: {_host(wanted.url)} answers HTTP {answer.status_code}; "
                    "its link may have ended, or the file is no longer kept"
                )
            goes_on = answer.status_code == HTTPStatus.PARTIAL_CONTENT or not offset_bytes
            for chunk in answer.iter_bytes():
                yield chunk, goes_on
                goes_on = True


@contextmanager
def _writing(part: Path) -> Iterator[BinaryIO]:
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("w+b") as file:
        yield file


def _trouble(url: str, error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return (
            f"{_host(url)}, where its link leads, cannot be reached ({error}); the server's public_url, or its bucket, "
            "says that it lies there"
        )
    return f"the connection to {_host(url)} broke off ({error}); try again"


def _short(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"…{name[1 - _NAME_WIDTH :]}"


def _host(url: str) -> str:
    """The part of a signed link that may be told."""
    try:
        return httpx.URL(url).host or "the server"
    except (httpx.InvalidURL, ValueError):
        return "the server"
