"""What all lists have in common: which part of a list is fetched, and how it is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from reelkit.commands.client import PAGE_SIZE, Requests, items_of
from reelkit.commands.output import Column, print_json, print_table, remark


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """A bundle of options."""

    limit: Annotated[int, typer.Option(min=1, max=PAGE_SIZE, help="How many at most.")] = 20
    page: Annotated[int, typer.Option(min=1, help="Which page of that length.")] = 1
    every: Annotated[bool, typer.Option("--all", help="All pages.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print an array of what the API sends.")] = False


def print_list(
    server: Requests,
    path: str,
    columns: Sequence[Column],
    options: ListOptions,
    query: Mapping[str, object] | None = None,
    *,
    key: str | None = None,
) -> None:
    """Fetches and prints a list; None in ``query`` is left out, and ``key`` is where ``data`` holds the list, if it is
    none itself."""
    wanted = dict(query or {})
    total: int | None = None
    if options.every:
        items: list[dict[str, Any]] = list(server.every(path, key=key, **wanted))
    else:
        where = {**wanted, "page_no": options.page, "per_page": options.limit}
        answer = server.request("GET", path, query=where)
        items = items_of(answer["data"], key)
        paging = answer.get("paging")
        total = paging.get("total_count") if isinstance(paging, dict) else None
    if options.as_json:
        print_json(items)
        return
    print_table(items, columns)
    if isinstance(total, int) and total > len(items):
        remark(f"{len(items)} of {total}: --all shows all, --page {options.page + 1} the next")
