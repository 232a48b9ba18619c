"""How a file grows: what its writer knows of it, and what it tells others.

Such a file has a head, which is written when the file is finished, and behind it data that only grows and never
changes: another writer of the same segments writes the same data. The head may become larger on the way, which moves
the data in the file.
"""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from reelkit.publish.delivered import DeliveredKind
from reelkit.publish.upload.digest import BlockDigests


class GrowingFile(BaseModel):
    """What is told of a file that grows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: DeliveredKind
    path: Path
    """Where it is now. The file there may be replaced or moved at any time: whoever reads it compares digests."""
    head_bytes: int
    """Room for the head, as it is now; the data lies behind it."""
    data_bytes: int
    """What is there of the data."""
    first_block: int = 0
    """Which block of the data ``blocks`` begin with."""
    blocks: tuple[str, ...] = ()
    """SHA-256 of complete blocks of the data (:mod:`reelkit.publish.upload.digest`)."""

    def following(self, earlier: Self | None) -> Self:
        """The same with the digests of an earlier report of the same writer, which this one leaves out.

        Where a report between the two was lost, digests end before the gap.
        """
        kept = () if earlier is None else earlier.blocks[: self.first_block]
        blocks = kept + self.blocks if len(kept) == self.first_block else kept
        return self.model_copy(update={"first_block": 0, "blocks": blocks})


class Growth:
    """What the writer of a growing file keeps for its reports."""

    def __init__(self, path: Path, part: Path, head_bytes: int = 0) -> None:
        """``path`` is the finished file's, ``part`` the growing one's."""
        self.path = path
        self.head_bytes = head_bytes
        self.digests = BlockDigests()
        self._part = part
        self._told: GrowingFile | None = None
        self._blocks_told = 0

    def news(self, kind: DeliveredKind) -> GrowingFile | None:
        """What has changed since the last call, with the digests that were not told yet; None if nothing has.

        What it tells of must have been written, so that others can read it.
        """
        report = GrowingFile(
            kind=kind,
            path=self._part,
            head_bytes=self.head_bytes,
            data_bytes=self.digests.total_bytes,
            first_block=self._blocks_told,
            blocks=tuple(self.digests.blocks[self._blocks_told :]),
        )
        if self._told is not None and (report.head_bytes, report.data_bytes) == (
            self._told.head_bytes,
            self._told.data_bytes,
        ):
            return None
        self._told = report
        self._blocks_told += len(report.blocks)
        return report
