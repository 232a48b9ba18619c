"""Pages of lists."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from reelkit.control.errors import Invalid

Item = TypeVar("Item")

DEFAULT_PER_PAGE = 20
# A page is built in memory and sent at once.
MAX_PER_PAGE = 100
# Beyond it offsets overflow the integers of databases.
_MAX_PAGE_NO = 1_000_000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for. Raises Invalid naming ``page_no`` or ``per_page``."""

    page_no: int = 1
    per_page: int = DEFAULT_PER_PAGE

    def __post_init__(self) -> None:
        if not 1 <= self.page_no <= _MAX_PAGE_NO:
            raise Invalid(f"page_no must lie between 1 and {_MAX_PAGE_NO}", field="page_no")
        if not 1 <= self.per_page <= MAX_PER_PAGE:
            raise Invalid(f"per_page must lie between 1 and {MAX_PER_PAGE}", field="per_page")

    @property
    def offset(self) -> int:
        """How many items lie before the page."""
        return (self.page_no - 1) * self.per_page


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Items number ``start_offset`` to ``end_offset`` (from 1) of ``total_count``; 0 to 0 if there are none."""

    items: tuple[Item, ...]
    total_count: int
    start_offset: int
    end_offset: int

    @classmethod
    def of(cls, request: PageRequest, items: tuple[Item, ...], total_count: int) -> "Page[Item]":
        if not items:
            return cls((), total_count, 0, 0)
        return cls(items, total_count, request.offset + 1, request.offset + len(items))
