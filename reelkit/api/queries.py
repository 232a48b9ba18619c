"""Query parameters that several lists share."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator

from reelkit.control.paging import DEFAULT_PER_PAGE, MAX_PER_PAGE, PageRequest
from reelkit.control.validation import Text


class SortOrder(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


def _aware(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time between the years 1 and 9999") from None


# Without an offset a time is taken as UTC.
Instant = Annotated[datetime, AfterValidator(_aware)]
# A longer text is in no title.
Search = Annotated[Text | None, Query(max_length=1_000, description="Part of the name or title, or an id.")]


def _page_request(
    page_no: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=MAX_PER_PAGE)] = DEFAULT_PER_PAGE,
) -> PageRequest:
    return PageRequest(page_no, per_page)


PageQuery = Annotated[PageRequest, Depends(_page_request)]
