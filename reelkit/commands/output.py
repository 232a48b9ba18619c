"""How commands print: tables for people, the API's JSON for programs. Remarks go to stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from reelkit.commands.formats import text

JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's JSON instead.")]

# Whoever reads a pipe splits lines: there nothing is folded.
_PIPE_WIDTH = 10_000
_GAP = 2
# A column that folds is of no use below it.
_MIN_FOLDED = 16


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``path`` is where an item holds its value, such as ``meeting.title``."""

    title: str
    path: str
    show: Callable[[object], str] = text
    folds: bool = False
    """Whether it may be wrapped to fit; all others are shown whole, so that an id can be copied."""
    right: bool = False
    spare: bool = False
    """Whether it may be left out where the terminal is too narrow."""


def console(*, stderr: bool = False) -> Console:
    """One that prints what it is given: neither markup nor highlighting, and no colour in a pipe."""
    made = Console(highlight=False, markup=False, emoji=False, stderr=stderr)
    if not made.is_terminal:
        made.width = _PIPE_WIDTH
    return made


def print_json(data: object) -> None:
    """``data`` as it came."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def remark(message: str) -> None:
    """Something worth knowing, beside the output."""
    print(text(message), file=sys.stderr)


def at(item: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - what JSON can hold
    """The value at a dotted path; None if there is none."""
    value: Any = item
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def print_table(items: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    """A row for each item."""
    rows = list(items)
    cells = {column: [column.show(at(row, column.path)) for row in rows] for column in columns}
    out = console()
    shown = list(columns)
    while _width(shown, cells) > out.width and any(column.spare for column in shown):
        shown.remove([column for column in shown if column.spare][-1])
    # Where even that does not fit, the terminal wraps lines: better than an id that is cut.
    out.width = max(out.width, _width(shown, cells))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0))
    for column in shown:
        table.add_column(
            column.title,
            overflow="fold",
            no_wrap=not column.folds,
            justify="right" if column.right else "left",
        )
    for number in range(len(rows)):
        table.add_row(*(cells[column][number] for column in shown))
    out.print(table)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values, one a line; those without a value are left out."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            table.add_row(name, value)
    console().print(table)


def print_item(item: Mapping[str, Any], columns: Sequence[Column]) -> None:
    """One item as names and values."""
    print_facts((column.title, column.show(at(item, column.path))) for column in columns)


def _width(columns: Sequence[Column], cells: Mapping[Column, list[str]]) -> int:
    """The least width at which all columns that do not fold are shown whole."""
    return sum(_column_width(column, cells[column]) for column in columns) + _GAP * max(len(columns) - 1, 0)


def _column_width(column: Column, values: Iterable[str]) -> int:
    longest = max((cell_len(line) for value in (column.title, *values) for line in value.splitlines()), default=0)
    return min(longest, _MIN_FOLDED) if column.folds else longest
