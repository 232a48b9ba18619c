"""Shows how a recording goes on: a table that changes on a terminal, lines in a pipe."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.live import Live
from rich.table import Table

from reelkit.commands.formats import duration, size, text
from reelkit.commands.output import console
from reelkit.commands.recording_view import progress, recorded_s

# Between lines while nothing but amounts changes.
LINE_INTERVAL_S = 10.0
_RUNNING = {"INVOKED", "RECORDING", "PAUSED"}


class ProgressView:
    """Use it as a context manager. It writes to stdout, or to stderr where stdout is for programs."""

    def __init__(self, *, stderr: bool, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._out = console(stderr=stderr)
        self._monotonic_s = monotonic_s
        self._live = Live(console=self._out, transient=True, auto_refresh=False) if self._out.is_terminal else None
        self._said = ""
        self._said_at_s = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, recording: Mapping[str, Any], *, elapsed_s: float, people: int | None) -> None:
        """How it stands now; ``people`` is how many are in the meeting, if that is known."""
        facts = list(_facts(recording, elapsed_s, people))
        status = text(recording.get("status"))
        if self._live is not None:
            table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
            table.add_column(style="bold", no_wrap=True)
            table.add_column(overflow="fold")
            for name, value in [("status", status), *facts]:
                table.add_row(name, value)
            self._live.update(table, refresh=True)
            return
        now_s = self._monotonic_s()
        # A new state is told at once.
        state = " ".join([status, *(value.split(",")[0] for name, value in facts if name in {"stream", "page"})])
        if state != self._said or now_s - self._said_at_s >= LINE_INTERVAL_S:
            self._said, self._said_at_s = state, now_s
            self.say(" · ".join([status, *(f"{name} {value}" for name, value in facts)]))

    def say(self, message: str) -> None:
        """A line that stays."""
        self._out.print(f"{datetime.now().astimezone():%H:%M:%S} {text(message)}", soft_wrap=True)


def _facts(recording: Mapping[str, Any], elapsed_s: float, people: int | None) -> list[tuple[str, str]]:
    facts = []
    if recording.get("status") in _RUNNING:
        facts.append(("elapsed", duration(elapsed_s)))
    length_s = recorded_s(recording)
    if length_s is not None:
        facts.append(("recorded", duration(length_s)))
    if people is not None:
        facts.append(("people", str(people)))
    facts += progress(recording)
    if recording.get("file_size") is not None:
        facts.append(("size", size(recording["file_size"])))
    return facts
