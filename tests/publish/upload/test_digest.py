"""Digests of blocks, however the data comes."""

import hashlib
from random import Random

import pytest

from reelkit.publish.upload.digest import BlockDigests
from tests.publish.upload.growing import BLOCK, content, small_blocks


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 7 * BLOCK + 3])
@pytest.mark.parametrize("most", [1, BLOCK, 3 * BLOCK])
def test_pieces_of_any_size_give_the_digests_of_the_whole(size: int, most: int) -> None:
    data, cuts = content(size), Random(size + most)
    with small_blocks():
        digests = BlockDigests()
        at = 0
        while at < size:
            piece = data[at : at + cuts.randint(1, most)]
            digests.add(memoryview(piece) if at % 2 else piece)
            at += len(piece)
        wanted = tuple(hashlib.sha256(data[at : at + BLOCK]).hexdigest() for at in range(0, size, BLOCK))
        assert digests.total_bytes == size
        assert tuple(digests.blocks) == wanted[: size // BLOCK]
        assert digests.all_blocks() == wanted
