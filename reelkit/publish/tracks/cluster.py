"""Gathers the blocks of a track into clusters, and remembers where the file can be gone on with."""

from reelkit.publish.tracks.matroska import MAX_BLOCK_TICKS, Block, GrowingTrackFile

CLUSTER_TICKS = 5_000
"""A cluster holds about so much; players seek to its beginning."""
KEYFRAME_TICKS = 1_000
"""A keyframe begins a cluster if the present one holds so much."""


class Clusters:
    """The open cluster in front of a file."""

    def __init__(self, file: GrowingTrackFile) -> None:
        self.file = file
        self._blocks: list[Block] = []

    @property
    def is_empty(self) -> bool:
        return not self._blocks

    def is_due(self, tick: int, *, at_keyframe: bool = False) -> bool:
        """Whether the open cluster is to be written before what comes at ``tick``."""
        if not self._blocks:
            return False
        held = tick - self._blocks[0].tick
        return held >= CLUSTER_TICKS or (at_keyframe and held >= KEYFRAME_TICKS)

    def add(self, block: Block) -> None:
        """Takes a block; writes the open cluster first where the block cannot be in it. Raises OSError."""
        if self._blocks and block.tick - self._blocks[0].tick > MAX_BLOCK_TICKS // 2:
            self.flush()
        self._blocks.append(block)

    def flush(self) -> None:
        """Writes the open cluster, if there is one. Raises OSError."""
        if self._blocks:
            self.file.append(self._blocks)
            self._blocks = []
