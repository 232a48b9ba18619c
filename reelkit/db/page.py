"""One page of a sorted, filtered list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, UnaryExpression, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql.operators import desc_op

from reelkit.db.base import Base

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class RowPage(Generic[Row]):
    """``rows`` of a list that has ``total_count`` in all."""

    rows: tuple[Row, ...]
    total_count: int


def in_time(
    time: InstrumentedAttribute[datetime], key: InstrumentedAttribute[str], *, newest_first: bool
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The order of rows by a time, and by their key where times are equal."""
    return (time.desc(), key.desc()) if newest_first else (time.asc(), key.asc())


async def fetch_page(
    session: AsyncSession,
    query: Select[Row],
    order_by: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    *,
    offset: int,
    limit: int,
    options: Sequence[ORMOption] = (),
    slow: bool = False,
    counted_as: Select[Row] | None = None,
    counted_without: Select[Row] | None = None,
) -> RowPage[Row]:
    """Rows ``offset`` to ``offset + limit`` of ``query`` in the given order, and the count of all.

    ``order_by`` must leave no two rows equal: it ends in the row's key, in the direction of what stands before it.
    ``options`` say what the rows bring along. What is counted and passed over is only looked up in the index whose
    columns ``query`` and ``order_by`` name; nothing but the page is read from the table. ``slow`` is for a condition
    that no index answers: it is asked once for both. ``counted_as`` finds the same rows as ``query`` in less time if
    they are only to be counted; it may find more, which ``counted_without`` finds alone.
    """
    entity = query.column_descriptions[0]["entity"]
    (key,) = (getattr(entity, column.key) for column in inspect(entity).primary_key)
    sought = query.with_only_columns(key)
    total_count: int | None = None
    if slow:
        wanted = sought.order_by(*order_by).offset(offset).limit(limit)
        counted = (await session.execute(wanted.add_columns(func.count().over()))).all()
        keys = [row[0] for row in counted]
        # Behind the end there is no row that could tell.
        total_count = counted[0][1] if counted else 0 if offset == 0 else None
    if total_count is None:
        total_count = await _count(session, query if counted_as is None else counted_as)
        if counted_without is not None:
            total_count -= await _count(session, counted_without)
    if not slow:
        keys = await _keys(session, sought, order_by, offset, min(limit, total_count - offset), total_count)
    if not keys:
        return RowPage((), total_count)
    found = await session.scalars(select(entity).options(*options).where(key.in_(keys)))
    by_key = {getattr(row, key.key): row for row in found}
    return RowPage(tuple(by_key[each] for each in keys if each in by_key), total_count)


async def _count(session: AsyncSession, query: Select[Any]) -> int:
    return await session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0


async def _keys(
    session: AsyncSession,
    sought: Select[Any],
    order_by: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    offset: int,
    limit: int,
    total_count: int,
) -> list[Any]:
    """The keys of a page, walked to from the end that is nearer: a session sees one moment, so that both lead there."""
    if limit <= 0:
        return []
    before = total_count - offset - limit
    if before >= offset:
        return list(await session.scalars(sought.order_by(*order_by).offset(offset).limit(limit)))
    backwards = [_reversed(each) for each in order_by]
    keys = list(await session.scalars(sought.order_by(*backwards).offset(before).limit(limit)))
    return keys[::-1]


def _reversed(order: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    if isinstance(order, UnaryExpression):
        return order.element.asc() if order.modifier is desc_op else order.element.desc()
    return order.desc()
