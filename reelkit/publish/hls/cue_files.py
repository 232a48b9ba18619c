"""The metadata of a film in files of its own: WebVTT for players, JSON for programs.

WebVTT (W3C, 4.1): one cue per message, which lasts until the next one, as in players that read the tags; the text is
the message's JSON. Both files grow while the film does.
"""

import json
from pathlib import Path

from reelkit.clock import iso_ms, utc
from reelkit.publish.hls.cue import MESSAGE_TYPE, Cue, is_strict_json
from reelkit.publish.part_file import PartFile

VERSION = "reelkit.cues/1"
_MIN_CUE_S = 0.001
"""A cue of WebVTT must not end where it begins."""


class CaptionsFile:
    """WebVTT at ``path``, by way of ``<path>.part``."""

    def __init__(self, path: Path) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self._part = PartFile(path)
        self._part.file.write(b"WEBVTT\n")
        self._pending: list[Cue] = []
        """Of one instant; their end is not known yet."""
        self._count = 0

    def add(self, cue: Cue) -> None:
        """Appends the next cue. Raises OSError."""
        if self._pending and _milliseconds(cue.film_s) > _milliseconds(self._pending[0].film_s):
            self._write(cue.film_s)
        self._pending.append(cue)

    def end(self, duration_s: float) -> None:
        """The film is that long. Raises OSError."""
        if self._pending:
            self._write(duration_s)

    def content(self) -> bytes:
        """All of it, before it is kept. Raises OSError."""
        return _content(self._part)

    def keep(self) -> None:
        """Puts the file in its place, durably. Raises OSError."""
        self._part.keep()

    def discard(self) -> None:
        """Gives up an unfinished file; harmless after :meth:`keep`. Raises OSError."""
        self._part.discard()

    def _write(self, end_s: float) -> None:
        for cue in self._pending:
            self._count += 1
            times = f"{_stamp(cue.film_s)} --> {_stamp(max(end_s, cue.film_s + _MIN_CUE_S))}"
            # The arrow would end the text. In JSON it can only stand in a string.
            text = cue.text.replace("-->", "--\\u003e")
            self._part.file.write(f"\n{self._count}\n{times}\n{text}\n".encode())
        self._pending.clear()


class CuesFile:
    """JSON at ``path``, by way of ``<path>.part``: one line per message."""

    def __init__(self, path: Path) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self._part = PartFile(path)
        self._part.file.write(f'{{"version": "{VERSION}",\n "cues": ['.encode())
        self._count = 0

    def add(self, cue: Cue) -> None:
        """Appends the next cue. Raises OSError."""
        sender = {
            "peer_id": cue.sender.peer_id,
            "participant_id": cue.sender.participant_id,
            "name": cue.sender.name,
        }
        entry = {
            "time_s": round(cue.film_s, 6),
            "at": iso_ms(utc(cue.wall_s)),
            "type": MESSAGE_TYPE,
            "sender": {name: value for name, value in sender.items() if value is not None},
            "in_stream": cue.in_stream,
        }
        payload = cue.text if is_strict_json(cue.text) else json.dumps(cue.text)
        line = f'{json.dumps(entry, ensure_ascii=False)[:-1]}, "payload": {payload}}}'
        self._part.file.write(f"{',' if self._count else ''}\n  {line}".encode())
        self._count += 1

    def end(self, duration_s: float, closed_s: float | None) -> None:
        """The film is that long, and its metadata was ended at ``closed_s`` if by a message. Raises OSError."""
        closed = None if closed_s is None else round(min(closed_s, duration_s), 6)
        tail = json.dumps({"duration_s": round(duration_s, 6), "closed_s": closed})
        self._part.file.write(f"\n ],\n {tail[1:-1]}}}\n".encode())

    def content(self) -> bytes:
        """All of it, before it is kept. Raises OSError."""
        return _content(self._part)

    def keep(self) -> None:
        """Puts the file in its place, durably. Raises OSError."""
        self._part.keep()

    def discard(self) -> None:
        """Gives up an unfinished file; harmless after :meth:`keep`. Raises OSError."""
        self._part.discard()


def _content(part: PartFile) -> bytes:
    part.file.flush()
    part.file.seek(0)
    return part.file.read()


def _milliseconds(time_s: float) -> int:
    return round(time_s * 1_000)


def _stamp(time_s: float) -> str:
    seconds, milliseconds = divmod(_milliseconds(time_s), 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}"
