"""One page of a sorted, filtered list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from reelkit.db.base import Base

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class RowPage(Generic[Row]):
    """``rows`` of a list that has ``total_count`` in all."""

    rows: tuple[Row, ...]
    total_count: int


async def fetch_page(
    session: AsyncSession,
    query: Select[Row],
    order_by: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    *,
    offset: int,
    limit: int,
) -> RowPage[Row]:
    """Rows ``offset`` to ``offset + limit`` of ``query`` in the given order, and the count of all."""
    total_count = await session.scalar(select(func.count()).select_from(query.subquery()))
    rows = await session.scalars(query.order_by(*order_by).offset(offset).limit(limit))
    return RowPage(tuple(rows), total_count or 0)
