"""Which packet files belong to which producer."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reelkit.capture.events import MediaKind, ProducerOpened

_NAME = re.compile(
    r"videoroom-(?P<room>.+?)-user-(?P<feed>.+)-(?P<created_us>\d+)-(?P<kind>audio|video)-(?P<mindex>\d+)\.mjr"
)
_MICROSECONDS_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class TrackKey:
    """What names a track's packet files. One m-line may serve several producers in turn (a camera that is switched off
    and on), and one producer has a file for each stretch in which the SFU recorded."""

    feed: str
    kind: MediaKind
    mindex: int

    @classmethod
    def of(cls, opened: ProducerOpened) -> Self:
        return cls(opened.feed, opened.kind, opened.mindex)


@dataclass(frozen=True, slots=True)
class PacketFile:
    """One file of ``rtp/``; ``created_s`` is the wall-clock time at which the SFU opened it."""

    path: Path
    key: TrackKey
    created_s: float


def packet_file(path: Path) -> PacketFile | None:
    """What the name of a packet file tells, or None if it is not one of Janus' default names:
    ``videoroom-<room>-user-<feed>-<microseconds>-<audio|video>-<mindex>.mjr``. A room's name must not hold ``-user-``.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    key = TrackKey(match["feed"], MediaKind(match["kind"]), int(match["mindex"]))
    return PacketFile(path, key, int(match["created_us"]) / _MICROSECONDS_PER_S)


class Catalog:
    """The packet files of a capture's ``rtp/`` directory by track; files are only ever added."""

    def __init__(self, rtp_dir: Path) -> None:
        self.rtp_dir = rtp_dir
        self._names: set[str] = set()
        self._files: dict[TrackKey, list[PacketFile]] = {}

    def scan(self) -> list[PacketFile]:
        """Looks at the directory (which may be missing) and gives the files that are new, oldest first."""
        found: list[PacketFile] = []
        if self.rtp_dir.is_dir():
            # Names alone: this is done many times a second, and a long meeting has thousands of files.
            for name in os.listdir(self.rtp_dir):  # noqa: PTH208
                if name not in self._names:
                    self._names.add(name)
                    file = packet_file(self.rtp_dir / name)
                    if file is not None:
                        found.append(file)
        found.sort(key=lambda file: (file.created_s, file.path.name))
        for file in found:
            files = self._files.setdefault(file.key, [])
            files.append(file)
            files.sort(key=lambda each: each.created_s)
        return found

    def files(self, key: TrackKey) -> list[PacketFile]:
        """The known files of a track, oldest first. Their RTP clocks and sequence numbers are independent."""
        return list(self._files.get(key, ()))

    @property
    def keys(self) -> list[TrackKey]:
        """The tracks that have files."""
        return list(self._files)
