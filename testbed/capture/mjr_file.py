"""Writes packet files like Janus 1.1's recorder."""

import json
from collections.abc import Mapping
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Self

from reelkit.capture.events import MediaKind

MAGIC = b"MJR00002"
STDIO_BLOCK_BYTES = 4_096

_CLOCK_NOISE_MS = 1e-3  # a float holds our century's times to 0.24 µs
_RECORD = Struct("!4sIH")
_LENGTH = Struct("!H")


def file_name(room: str, feed: str, created_s: float, kind: MediaKind, mindex: int) -> str:
    """Janus' default name of a packet file."""
    return f"videoroom-{room}-user-{feed}-{round(created_s * 1e6)}-{kind.value}-{mindex}.mjr"


class MjrFile:
    """A packet file that grows. It has eight bytes until the first packet comes.

    Unless :meth:`flush` or :meth:`close` is called, only whole blocks of 4096 bytes are on the disk, as with stdio.
    """

    def __init__(
        self, path: Path, kind: MediaKind, codec: str, created_s: float, extensions: Mapping[int, str] | None = None
    ) -> None:
        self.path = path
        self._kind = kind
        self._codec = codec
        self._created_s = created_s
        self._extensions = extensions or {}
        self._first_s: float | None = None
        self._pending = bytearray()
        self._file = path.open("wb", buffering=0)
        self._pending += MAGIC
        self.flush()

    def write(self, arrival_s: float, packet: bytes) -> None:
        """Appends one packet that arrived at this wall-clock time."""
        if self._first_s is None:
            self._first_s = arrival_s
            self._write_header()
        milliseconds = int((arrival_s - self._first_s) * 1000 + _CLOCK_NOISE_MS)
        self._pending += _RECORD.pack(b"MEET", milliseconds, len(packet)) + packet
        whole = len(self._pending) - len(self._pending) % STDIO_BLOCK_BYTES
        if whole:
            self._file.write(self._pending[:whole])
            del self._pending[:whole]

    def flush(self) -> None:
        """Puts everything on the disk."""
        if self._pending:
            self._file.write(self._pending)
            self._pending.clear()

    def close(self) -> None:
        self.flush()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_header(self) -> None:
        assert self._first_s is not None
        header: dict[str, object] = {"t": self._kind.value[0], "c": self._codec}
        if self._extensions:
            header["x"] = {str(key): uri for key, uri in self._extensions.items()}
        header |= {"s": round(self._created_s * 1e6), "u": round(self._first_s * 1e6)}
        text = json.dumps(header).encode()
        self._pending += _LENGTH.pack(len(text)) + text
