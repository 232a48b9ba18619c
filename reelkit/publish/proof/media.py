"""What of a delivered file can be decoded: the file, or the pieces of an archive joined to one stream."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reelkit.publish.hls.unpack import SeenCue, Unpacked, carried_cues, is_archive, unpack
from reelkit.publish.proof.findings import Findings

_CUE_S = 0.001
"""A tick of a transport stream is a ninetieth of it."""


@dataclass(frozen=True)
class Row:
    """One line of what is shown: ``recorded`` is what the record says, ``agrees`` None where nothing is compared."""

    what: str
    found: str
    recorded: str = ""
    agrees: bool | None = None


@contextmanager
def media_of(path: Path, rows: list[Row], findings: Findings) -> Iterator[Path]:
    """The media of the delivered file at ``path``; what an archive holds besides is put into ``rows``, what is wrong
    with it into ``findings``. Raises ValueError, av.FFmpegError, OSError."""
    if not is_archive(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="reelkit-") as directory:
        unpacked = unpack(path, Path(directory))
        _examine(unpacked, rows, findings)
        yield unpacked.stream


def _examine(unpacked: Unpacked, rows: list[Row], findings: Findings) -> None:
    carried, told = carried_cues(unpacked.stream), unpacked.told_cues()
    rows.append(Row("pieces", str(len(unpacked.pieces))))
    rows.append(Row("duration of all pieces", f"{unpacked.duration_s:.3f} s"))
    rows.append(Row("messages in the film", str(len(carried))))
    if not _agree(carried, told):
        findings.add(f"the film carries {len(carried)} messages that are not the {len(told)} of its file of cues")


def _agree(carried: Sequence[SeenCue], told: Sequence[SeenCue]) -> bool:
    return len(carried) == len(told) and all(
        one.text == other.text and abs(one.film_s - other.film_s) <= _CUE_S
        for one, other in zip(carried, told, strict=True)
    )
