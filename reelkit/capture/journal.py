"""The journal of a capture: one JSON object per line, appended in order of time, read while it grows."""

import os
from pathlib import Path

import structlog
from pydantic import ValidationError

from reelkit.capture.events import EVENT, Event
from reelkit.clock import Clock
from reelkit.durable import sync_directory

log = structlog.get_logger(__name__)

_NEWLINE = b"\n"


class JournalWriter:
    """Appends events to the journal at ``path``, which is made with its directories if missing.

    An existing journal is continued; a last line that a crash tore is removed, or ended if only its end was missing.
    Every event is handed to the operating system at once, so that it survives this process. What a power cut may cost
    is limited by ``fsync_interval_s`` and by ``durable`` events. Raises OSError.
    """

    def __init__(self, path: Path, clock: Clock, fsync_interval_s: float) -> None:
        self.path = path
        self._clock = clock
        self._fsync_interval_s = fsync_interval_s
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        if is_new:
            sync_directory(path.parent)
        else:
            self._repair()
        self._synced_s = clock.monotonic_s()
        self._dirty = False

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Writes one event; with ``durable`` it is on the disk when this returns.

        Raises OSError, for example when the disk is full; the journal then lacks the event and stays sound.
        """
        line = EVENT.dump_json(event) + _NEWLINE
        start = os.fstat(self._descriptor).st_size
        try:
            written = os.write(self._descriptor, line)
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError:
            os.ftruncate(self._descriptor, start)
            raise
        self._dirty = True
        if durable or self._clock.monotonic_s() - self._synced_s >= self._fsync_interval_s:
            self.sync()

    def sync(self) -> None:
        """Puts everything on the disk. Raises OSError."""
        if self._dirty:
            os.fdatasync(self._descriptor)
            self._dirty = False
        self._synced_s = self._clock.monotonic_s()

    def close(self) -> None:
        """Syncs and closes; may be called more than once. Raises OSError."""
        if self._descriptor < 0:
            return
        try:
            self.sync()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def _repair(self) -> None:
        size = os.fstat(self._descriptor).st_size
        content = os.pread(self._descriptor, size, 0) if size else b""
        end = content.rfind(_NEWLINE) + 1
        if end == len(content):
            return
        if _parse(content[end:]) is not None:
            os.write(self._descriptor, _NEWLINE)
        else:
            os.ftruncate(self._descriptor, end)
            log.warning("removed the torn last line of a journal", path=str(self.path), bytes=len(content) - end)
        os.fdatasync(self._descriptor)


class JournalReader:
    """Reads a journal from its beginning, or from the ``offset`` of an earlier reader, and follows it."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self.skipped = 0
        """Lines that are no events this version knows."""
        self._offset = offset

    @property
    def offset(self) -> int:
        """Up to where the journal was read: always the beginning of a line."""
        return self._offset

    def poll(self) -> list[Event]:
        """The events of the complete lines added since the last call; none while the file is missing. A line that
        cannot be understood is skipped with a warning. Raises OSError."""
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return []
        end = content.rfind(_NEWLINE) + 1
        events: list[Event] = []
        for line in content[:end].split(_NEWLINE):
            event = _parse(line)
            if event is not None:
                events.append(event)
            elif line:
                self.skipped += 1
                log.warning("skipped a journal line that is no known event", path=str(self.path), line=line[:200])
        self._offset += end
        return events


def _parse(line: bytes) -> Event | None:
    try:
        return EVENT.validate_json(line)
    except ValidationError:
        return None
