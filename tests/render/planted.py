"""Faults planted into packet files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reelkit.capture.mjr import MjrReader, RawPacket
from reelkit.capture.packet import parse_rtp
from testbed.capture.mjr_file import MjrFile


@dataclass(frozen=True)
class Numbered:
    """A packet of a file, counted from 0 in the order of arrival."""

    index: int
    sequence: int
    raw: RawPacket


def packets_of(path: Path) -> list[Numbered]:
    """All packets of a file."""
    raws = MjrReader(path).poll()
    return [Numbered(index, parse_rtp(raw.data).sequence, raw) for index, raw in enumerate(raws)]


def rewrite(path: Path, change: Callable[[list[Numbered]], list[tuple[float, bytes]]]) -> None:
    """Replaces the packets of a file by the (arrival, packet) that ``change`` makes of them."""
    reader = MjrReader(path)
    numbered = packets_of(path)
    reader.poll()
    header = reader.header
    assert header is not None
    assert header.kind is not None
    changed = sorted(change(numbered), key=lambda entry: entry[0])
    with MjrFile(path, header.kind, header.codec, header.created_us / 1e6, header.extensions) as file:
        for arrival_s, data in changed:
            file.write(arrival_s, data)


def lose(path: Path, *indices: int) -> None:
    """Takes packets out of a file."""
    rewrite(path, lambda all_: [(each.raw.arrival_s, each.raw.data) for each in all_ if each.index not in indices])


def delay(path: Path, index: int, by_s: float) -> None:
    """Lets one packet come later."""
    rewrite(
        path,
        lambda all_: [(each.raw.arrival_s + (by_s if each.index == index else 0), each.raw.data) for each in all_],
    )


def repeat(path: Path, index: int) -> None:
    """Lets one packet come twice."""
    rewrite(
        path,
        lambda all_: [
            (each.raw.arrival_s + 0.001 * copy, each.raw.data)
            for each in all_
            for copy in range(2 if each.index == index else 1)
        ],
    )
