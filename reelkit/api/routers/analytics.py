"""Figures of an app by day."""

import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope
from reelkit.api.paths import APP_PATH
from reelkit.api.wire.analytics import AnalyticsWire

router = APIRouter(prefix=f"{APP_PATH}/analytics", tags=["analytics"])

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(text: str) -> str:
    try:
        if _DAY.fullmatch(text):
            date.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise ValueError("must be a day, written YYYY-MM-DD")


_Day = Annotated[
    str | None, AfterValidator(lambda text: text if text is None else _day(text)), Query(examples=["2026-01-31"])
]


@router.get("/daywise", response_model=Envelope[AnalyticsWire])
async def get_analytics(
    app: OperatedApp, state: State, start_date: _Day = None, end_date: _Day = None
) -> Envelope[AnalyticsWire]:
    """Sessions and recordings on each UTC day from ``start_date`` to ``end_date``, both included.

    Without ``end_date`` to today, without ``start_date`` from 30 days before the end; at most 366 days.
    """
    start, end = (None if text is None else date.fromisoformat(text) for text in (start_date, end_date))
    return Envelope[AnalyticsWire](data=AnalyticsWire.of(await state.control.analytics.daywise(app.id, start, end)))
