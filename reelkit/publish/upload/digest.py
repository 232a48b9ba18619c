"""SHA-256 of data that comes piece by piece, block by block: no part of a long file has to be read again to know what
it is.

The digest of a whole file cannot be had that way: the head of a film stands first and is written last, and SHA-256
cannot be continued backwards.
"""

import hashlib

BLOCK_BYTES = 8 << 20
"""Of each digest, and of most parts of an upload: more than the 5 MiB that S3 asks of a part, and little to lose."""


class BlockDigests:
    """The digests of the blocks of ``BLOCK_BYTES`` of what was added so far."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        """Of the complete blocks, hexadecimal."""
        self.total_bytes = 0
        self._open = hashlib.sha256()

    def add(self, data: bytes | memoryview) -> None:
        """Takes what follows."""
        rest = memoryview(data).cast("B")
        while rest:
            piece = rest[: BLOCK_BYTES - self.total_bytes % BLOCK_BYTES]
            self._open.update(piece)
            self.total_bytes += len(piece)
            if self.total_bytes % BLOCK_BYTES == 0:
                self.blocks.append(self._open.hexdigest())
                self._open = hashlib.sha256()
            rest = rest[len(piece) :]

    def all_blocks(self) -> tuple[str, ...]:
        """With the last block, which may be shorter."""
        if self.total_bytes % BLOCK_BYTES == 0:
            return tuple(self.blocks)
        return (*self.blocks, self._open.hexdigest())
