"""How a database would answer a question."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# A table with little in it is read from its beginning to its end whatever indices it has.
_AS_IF_LARGE = ("enable_seqscan", "enable_bitmapscan", "enable_sort")


@dataclass(frozen=True, slots=True)
class Plan:
    """``indices`` are those that are used; ``covered`` says whether they answer alone, without the table, ``sorts``
    whether what is found is put in order, ``reads_all`` whether a table is read from its beginning to its end."""

    indices: set[str]
    covered: bool
    sorts: bool
    reads_all: bool


async def plan_of(session: AsyncSession, statement: str, **parameters: Any) -> Plan:
    """The plan for a SELECT over large tables."""
    if session.get_bind().dialect.name == "sqlite":
        rows = await session.execute(text(f"EXPLAIN QUERY PLAN {statement}"), parameters)
        steps = [row.detail for row in rows]
        indices = {name for step in steps for name in re.findall(r"USING (?:COVERING )?INDEX (\w+)", step)}
        reads_all = any(re.fullmatch(r"SCAN \w+", step) for step in steps)
        covered = all("COVERING INDEX" in step for step in steps)
        return Plan(indices, covered, any("TEMP B-TREE" in step for step in steps), reads_all)
    for setting in _AS_IF_LARGE:
        await session.execute(text(f"SET LOCAL {setting} = off"))
    steps = list(await session.scalars(text(f"EXPLAIN {statement}"), parameters))
    indices = {name for step in steps for name in re.findall(r"Index (?:Only )?Scan (?:Backward )?using (\w+)", step)}
    sorts, reads_all = (any(word in step for step in steps) for word in ("Sort Key", "Seq Scan"))
    return Plan(indices, any("Index Only Scan" in step for step in steps), sorts, reads_all)
