"""Which bytes of a file become which parts of its upload.

Places are counted from the beginning of the file's *data*, so that they stay what they are while the head in front of
it is not known: the head has negative ones.
"""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from reelkit.publish.storage.base import PartRules
from reelkit.publish.upload.digest import BLOCK_BYTES

_SIZES = 5
"""Parts come in so many sizes, each twice the one before: with 10,000 parts that are 484 GiB."""


class Span(NamedTuple):
    """A part: the bytes ``start`` … ``stop - 1``."""

    number: int
    start: int
    stop: int

    @property
    def size_bytes(self) -> int:
        return self.stop - self.start


class Layout(BaseModel):
    """How an upload is divided, from its beginning on. JSON-able, because parts that were sent keep their places."""

    model_config = ConfigDict(frozen=True)

    part_bytes: int
    """Of the first parts."""
    grows_after: int
    """So many parts have the same size, then it doubles; 0 for never."""
    max_bytes: int
    max_parts: int
    head_bytes: int | None
    """The size of the head for which the parts are right; None if it does not matter."""
    front_bytes: int = 0
    """Data that goes with the head into the first part, so that this is not too small."""

    @classmethod
    def growing(cls, rules: PartRules, head_bytes: int) -> Self | None:
        """For a file that grows; None if it cannot be sent before its end.

        In general the first part is held back: the head, and enough of the data to make a part of. Where all parts must
        have one size, the head has to be some of them. Where parts have their places in the object, it must not grow.
        """
        part_bytes = -(-max(1, rules.min_bytes) // BLOCK_BYTES) * BLOCK_BYTES
        fixed = rules.uniform or rules.positional
        if part_bytes > rules.max_bytes or (rules.uniform and head_bytes % part_bytes):
            return None
        layout = cls(
            part_bytes=part_bytes,
            grows_after=0 if rules.uniform else rules.max_parts // _SIZES,
            max_bytes=rules.max_bytes // BLOCK_BYTES * BLOCK_BYTES,
            max_parts=rules.max_parts,
            head_bytes=head_bytes if fixed or not head_bytes else None,
            front_bytes=0 if fixed or not head_bytes else part_bytes,
        )
        return layout if layout.front_bytes + head_bytes <= layout.max_bytes or fixed else None

    @classmethod
    def finished(cls, rules: PartRules, size_bytes: int) -> Self:
        """For a whole file, all of which is data. Raises ValueError if it is larger than the rules allow."""
        needed_bytes = -(-size_bytes // rules.max_parts)
        part_bytes = min(rules.max_bytes, max(BLOCK_BYTES, rules.min_bytes, needed_bytes))
        if needed_bytes > part_bytes:
            raise ValueError("the storage does not take files of that size")
        return cls(part_bytes=part_bytes, grows_after=0, max_bytes=part_bytes, max_parts=rules.max_parts, head_bytes=0)

    def data_spans(self, data_bytes: int) -> Iterator[Span]:
        """The parts of which all data is there, and that hold nothing else."""
        start = self.front_bytes
        first = 2 if self.front_bytes else 1 + -(-(self.head_bytes or 0) // self.part_bytes)
        for at in count():
            stop = start + self._part_bytes(at)
            if stop > data_bytes or first + at > self.max_parts:
                return
            yield Span(first + at, start, stop)
            start = stop

    def all_spans(self, head_bytes: int, data_bytes: int) -> list[Span] | None:
        """All parts of a finished file in order; None if it does not fit this layout."""
        if self.head_bytes not in {None, head_bytes}:
            return None
        spans = [*self._front(head_bytes, data_bytes), *self.data_spans(data_bytes)]
        stop = spans[-1].stop if spans else 0
        if stop < data_bytes:
            spans.append(Span(len(spans) + 1, stop, data_bytes))
        largest = max((span.size_bytes for span in spans), default=0)
        return spans if len(spans) <= self.max_parts and largest <= self.max_bytes else None

    def _front(self, head_bytes: int, data_bytes: int) -> Iterator[Span]:
        if self.front_bytes:
            yield Span(1, -head_bytes, min(self.front_bytes, data_bytes))
            return
        for number, start in enumerate(range(-head_bytes, 0, self.part_bytes), start=1):
            yield Span(number, start, min(0, start + self.part_bytes))

    def _part_bytes(self, at: int) -> int:
        """Of part ``at`` of the data, counted from 0."""
        return min(self.max_bytes, self.part_bytes << (at // self.grows_after if self.grows_after else 0))
