"""Timed metadata that a page hands to its recorder.

The recording SDK hands on each broadcast message of the meeting, which the room has written into the capture's journal
already. But a page may say something of its own there, so what it says is kept beside its film.
"""

import json
import math
from pathlib import Path
from typing import Any

import structlog

from reelkit.capture.events import BroadcastSent
from reelkit.capture.journal import JournalWriter
from reelkit.clock import Clock
from reelkit.page.job_files import MESSAGES_FILE

log = structlog.get_logger(__name__)

PEER_ID = "page"
"""The sender of what a page says of its own."""
_METADATA = "ID3Data"
_MAX_BYTES = 64 << 10
_MOST = 20_000
"""Messages of one recording: five each second for an hour."""
_MAX_TOTAL_BYTES = 16 << 20
_FSYNC_INTERVAL_S = math.inf
"""A disk that is slow must not hold up the thread that has the page's screen; closing it writes it out."""


class PageMessages:
    """Writes down what pages say, for whoever makes timed metadata of it. To be used in one thread."""

    def __init__(self, job_dir: Path, clock: Clock) -> None:
        self._path = job_dir / MESSAGES_FILE
        self._clock = clock
        self._writer: JournalWriter | None = None
        self._count = 0
        self._bytes = 0

    def take(self, message_type: str, payload: Any) -> None:  # noqa: ANN401 - JSON
        """A message of the page. What cannot be written is lost, and logged."""
        if message_type != _METADATA or self._count >= _MOST or self._bytes >= _MAX_TOTAL_BYTES:
            return
        self._count += 1
        try:
            # Half a surrogate pair, which JSON lets through, is no text.
            text = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace").decode()
        except (ValueError, RecursionError):
            return
        if len(text) > _MAX_BYTES:
            log.info("a page's metadata is too long and is left out", characters=len(text))
            return
        self._bytes += len(text)
        event = BroadcastSent(time_s=self._clock.time_s(), peer_id=PEER_ID, message_type=message_type, payload=text)
        try:
            if self._writer is None:
                self._writer = JournalWriter(self._path, self._clock, _FSYNC_INTERVAL_S)
            self._writer.append(event)
        except OSError as error:
            log.warning("a page's metadata could not be written", reason=str(error))

    def close(self) -> None:
        """Lets go of the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
