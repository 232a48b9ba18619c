"""What is kept of a page for whoever has to find out why it could not be recorded."""

import json
import re
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import av
from PIL import Image

from reelkit.clock import Clock
from reelkit.durable import write_durably
from reelkit.page.job_files import PAGE_DIR, REPORT_FILE, SCREENSHOT_FILE

_MOST = 200
"""Entries of each kind; of more, the first and the last."""
_MAX_CHARACTERS = 1_000
_MOST_READ = 10 * _MAX_CHARACTERS
_MIN_SECRET_CHARACTERS = 8
"""Shorter values are no secrets, and would be found everywhere."""
_HIDDEN = "(hidden)"
_URL = re.compile(r"\b(?:https?|wss?)://[^\s\"'<>()\[\]{}]+")


class Notes:
    """A list of which the first and the last entries are kept."""

    def __init__(self) -> None:
        self._first: list[dict[str, Any]] = []
        self._last: deque[dict[str, Any]] = deque(maxlen=_MOST // 2)
        self.count = 0

    def add(self, entry: dict[str, Any]) -> None:
        self.count += 1
        (self._first if len(self._first) < _MOST // 2 else self._last).append(entry)

    def dump(self) -> dict[str, Any]:
        """JSON-able."""
        entries = [*self._first, *self._last]
        return {"entries": entries, "left_out": self.count - len(entries)}


class Diagnosis:
    """Collects what a page complains of, and what was refused to it.

    URLs are kept without their queries, in which tokens stand. What stands in the query of ``page_url`` is kept
    nowhere.
    """

    def __init__(self, clock: Clock, page_url: str = "") -> None:
        self._clock = clock
        self._secrets = _secrets(page_url)
        self._console = Notes()
        self._requests = Notes()
        self._refused: dict[tuple[str, int], str] = {}
        self._unreached: dict[tuple[str, int], str] = {}
        self._facts: dict[str, Any] = {}

    def console(self, level: str, text: str, url: str | None = None) -> None:
        """An error or a warning of the page."""
        self._console.add({**self._stamp(), "level": level, "text": _shortened(text), "url": without_query(url)})

    def request_failed(self, url: str | None, reason: str) -> None:
        """Something that the page loads did not come."""
        self._requests.add({**self._stamp(), "url": without_query(url), "reason": _shortened(reason)})

    def refused(self, host: str, port: int, reason: str) -> None:
        """The egress guard did not let the page there."""
        self._not_reached(self._refused, host, port, reason)

    def failed(self, host: str, port: int, reason: str) -> None:
        """The page was let there, and nobody answered."""
        self._not_reached(self._unreached, host, port, reason)

    def refusal_of(self, host: str) -> str | None:
        """Why a host was refused; None if it was not."""
        return _reason_of(host, self._refused)

    def failure_of(self, host: str) -> str | None:
        """Why a host was not reached; None if it was."""
        return _reason_of(host, self._unreached)

    def fact(self, **facts: object) -> None:
        """Something to be told once: the browser's confinement, its use of memory, how it ended."""
        self._facts.update(facts)

    def write(self, job_dir: Path, picture: av.VideoFrame | None) -> None:
        """Puts it into the job's directory, with what was last seen. Blocks. Raises OSError."""
        directory = job_dir / PAGE_DIR
        directory.mkdir(exist_ok=True)
        report: Mapping[str, Any] = {
            **self._facts,
            "console": self._console.dump(),
            "requests": self._requests.dump(),
        }
        text = json.dumps(report, indent=1, ensure_ascii=False)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        write_durably(directory / REPORT_FILE, text.encode("utf-8", "replace"))
        if picture is not None:
            Image.fromarray(picture.to_ndarray(format="rgb24")).save(directory / SCREENSHOT_FILE)

    def _not_reached(self, known: dict[tuple[str, int], str], host: str, port: int, reason: str) -> None:
        if (host, port) not in known and len(known) < _MOST:
            known[host, port] = reason
            self._requests.add({**self._stamp(), "host": host, "port": port, "reason": reason})

    def _stamp(self) -> dict[str, Any]:
        return {"time_s": round(self._clock.time_s(), 3)}


def _reason_of(host: str, known: Mapping[tuple[str, int], str]) -> str | None:
    return next((reason for (each, _), reason in known.items() if each == host), None)


def _secrets(url: str) -> list[str]:
    """What must not be told of a URL, as it stands there and as it is meant; the longest first."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    written = {pair.partition("=")[2] for each in (parts.query, parts.fragment) for pair in each.split("&")}
    found = written | {unquote_plus(each) for each in written}
    # As JSON has it.
    escaped = {json.dumps(each, ensure_ascii=False)[1:-1] for each in found if len(each) >= _MIN_SECRET_CHARACTERS}
    return sorted(escaped, key=len, reverse=True)


def _shortened(text: str) -> str:
    """What a page says, or is said of it, without the queries of URLs in it."""
    return _URL.sub(lambda found: str(without_query(found[0])), text[:_MOST_READ])[:_MAX_CHARACTERS]


def without_query(url: str | None) -> str | None:
    """A URL's scheme, host and path."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not a URL)"
    if parts.scheme not in {"http", "https", "ws", "wss"}:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:_MAX_CHARACTERS]
