"""Times as numbers, for arithmetic in SQL that SQLite and PostgreSQL both do."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

MS_PER_DAY = 86_400_000
"""Of a UTC day: Unix time has no leap seconds."""
# The epoch as SQLite counts days.
_EPOCH_JULIAN_DAY = 2_440_587.5


class epoch_ms(GenericFunction[int]):  # noqa: N801 - it reads as the SQL function that it is
    """``epoch_ms(column)``: whole milliseconds since the epoch of a column of :class:`reelkit.db.base.UtcDateTime`."""

    type = BigInteger()
    inherit_cache = True


@compiles(epoch_ms)
def _of_postgresql(element: epoch_ms, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    column = compiler.process(element.clauses, **kwargs)
    return f"CAST(ROUND(EXTRACT(EPOCH FROM {column}) * 1000) AS BIGINT)"


@compiles(epoch_ms, "sqlite")
def _of_sqlite(element: epoch_ms, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    column = compiler.process(element.clauses, **kwargs)
    return f"CAST(ROUND((JULIANDAY({column}) - {_EPOCH_JULIAN_DAY}) * {MS_PER_DAY}.0) AS INTEGER)"


def ms_until(now_ms: int, since: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """Milliseconds from the column ``since`` to ``now_ms``; never less than 0, should the clock have been set back."""
    passed = now_ms - epoch_ms(since)
    return case((passed < 0, 0), else_=passed)
