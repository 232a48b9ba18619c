"""Follows a recording until it is delivered."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from reelkit.commands.client import ServerClient, segment
from reelkit.commands.errors import CommandError, NotThere, Refused
from reelkit.commands.interrupts import Interrupts
from reelkit.commands.progress_view import ProgressView

POLL_S = 1.0
# What is asked for is seen to begin more exactly, for --stop-after.
POLL_BEGIN_S = 0.2
# So long a server may be away: a recording survives that it is started again.
PATIENCE_S = 120.0
RUNNING = frozenset({"INVOKED", "RECORDING", "PAUSED"})
ENDED = frozenset({"UPLOADED", "ERRORED"})
_STOPPABLE = frozenset({"RECORDING", "PAUSED"})


class Watch:
    """Asks for one recording until it has ended, and stops it when that is wished or due."""

    def __init__(
        self,
        server: ServerClient,
        view: ProgressView,
        interrupts: Interrupts,
        *,
        stop_after_s: float | None = None,
        since_s: float | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """``since_s`` is when, on the monotonic clock, the recording was asked for: now if it is left out."""
        self._server = server
        self._view = view
        self._interrupts = interrupts
        self._stop_after_s = stop_after_s
        self._monotonic_s = monotonic_s
        self._since_s = monotonic_s() if since_s is None else since_s
        self._stop_at_s: float | None = None
        self._stop_asked = False
        self._wish_told = False
        self._refusal = ""
        self._counts_people = True
        self._answered_s = monotonic_s()

    def run(self, recording: dict[str, Any]) -> dict[str, Any]:
        """The recording once it is UPLOADED or ERRORED. Raises CommandError, or KeyboardInterrupt at the second
        Ctrl-C."""
        while True:
            people = self._people(recording) if recording["status"] in RUNNING else None
            self._view.show(recording, elapsed_s=self._monotonic_s() - self._since_s, people=people)
            if recording["status"] in ENDED:
                return recording
            self._stop_if_due(recording)
            self._interrupts.wait(self._pause_s(recording))
            recording = self._asked(recording)

    def _pause_s(self, recording: Mapping[str, Any]) -> float:
        pause_s = POLL_BEGIN_S if recording["status"] == "INVOKED" else POLL_S
        if self._stop_at_s is not None and not self._stop_asked:
            return max(min(pause_s, self._stop_at_s - self._monotonic_s()), 0.0)
        return pause_s

    def _stop_if_due(self, recording: Mapping[str, Any]) -> None:
        if self._interrupts.pressed and not self._wish_told:
            self._wish_told = True
            self._view.say("stopping; once more Ctrl-C leaves at once")
        if self._stop_asked or recording["status"] not in _STOPPABLE:
            return
        now_s = self._monotonic_s()
        if self._stop_after_s is not None and self._stop_at_s is None:
            self._stop_at_s = now_s + self._stop_after_s
        due = self._stop_at_s is not None and now_s >= self._stop_at_s
        if due or self._interrupts.pressed:
            self._stop(str(recording["id"]))

    def _stop(self, recording_id: str) -> None:
        try:
            self._server.put(f"/recordings/{segment(recording_id)}", {"action": "stop"})
        except Refused as error:
            # It may have ended by itself meanwhile: the next answer tells.
            if error.message != self._refusal:
                self._refusal = error.message
                self._view.say(f"not stopped: {error.message}")
            return
        except CommandError as error:
            if not error.retry:
                raise
            return
        self._stop_asked = True

    def _asked(self, last: dict[str, Any]) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._server.get(f"/recordings/{segment(str(last['id']))}")
        except CommandError as error:
            away_s = self._monotonic_s() - self._answered_s
            if not error.retry or away_s > PATIENCE_S:
                raise
            self._view.say(f"{error.message}; asking again")
            self._interrupts.wait(POLL_S)
            return last
        self._answered_s = self._monotonic_s()
        return found

    def _people(self, recording: Mapping[str, Any]) -> int | None:
        meeting_id = (recording.get("reelkit") or {}).get("meeting_id")
        if not self._counts_people or meeting_id is None:
            return None
        try:
            present = self._server.get(f"/meetings/{segment(meeting_id)}/active-session").get("live_participants")
        except NotThere:
            return 0
        except CommandError as error:
            # A server that refuses to tell it will not do so a second later.
            self._counts_people = error.retry
            return None
        return int(present) if isinstance(present, int | float) else None
