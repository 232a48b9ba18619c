"""Query parameters that several lists share."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator

from reelkit.control.paging import DEFAULT_PER_PAGE, MAX_PER_PAGE, PageRequest
from reelkit.control.validation import Text, in_utc


class SortOrder(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


Instant = Annotated[datetime, AfterValidator(in_utc)]
# A longer text is in no title.
Search = Annotated[Text | None, Query(max_length=1_000, description="Part of the name or title, or an id.")]


def _page_request(
    page_no: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=MAX_PER_PAGE)] = DEFAULT_PER_PAGE,
) -> PageRequest:
    return PageRequest(page_no, per_page)


PageQuery = Annotated[PageRequest, Depends(_page_request)]
