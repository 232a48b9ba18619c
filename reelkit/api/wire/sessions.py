"""Sessions as the official clients read them."""

from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field

from reelkit.api.envelope import Absent, Paging, Timestamp, WireModel
from reelkit.api.wire.minutes import minutes
from reelkit.control.paging import Page
from reelkit.control.session_records import SessionRecord, SessionStatus


class SessionSortKey(StrEnum):
    """What lists of sessions can be sorted by."""

    MINUTES_CONSUMED = "minutesConsumed"
    CREATED_AT = "createdAt"


class SessionWire(WireModel):
    """One live instance of a meeting. Hidden participants are not counted."""

    id: str
    associated_id: str = Field(description="The id of its meeting.")
    meeting_display_name: str = Field(description="The title of its meeting when it began; empty without one.")
    type: Literal["meeting"] = "meeting"
    status: SessionStatus
    organization_id: str = Field(description="The id of its app.")
    live_participants: int = Field(description="Peers that are there now.")
    max_concurrent_participants: int = Field(description="The most peers that were there at once.")
    minutes_consumed: float = Field(description="Participant minutes: of all peers together, until now or the end.")
    started_at: Timestamp
    ended_at: Absent[Timestamp] = None
    created_at: Timestamp
    updated_at: Timestamp
    breakout_rooms: Absent[list[dict[str, Any]]] = Field(None, description="Always empty; if it was asked for.")

    @classmethod
    def of(cls, session: SessionRecord, *, with_breakout_rooms: bool = False) -> Self:
        return cls(
            id=session.id,
            associated_id=session.meeting_id,
            meeting_display_name=session.title or "",
            status=session.status,
            organization_id=session.app_id,
            live_participants=session.live_peers,
            max_concurrent_participants=session.peak_peers,
            minutes_consumed=minutes(session.consumed_ms),
            started_at=session.started_at,
            ended_at=session.ended_at,
            # A session is made when it begins.
            created_at=session.started_at,
            updated_at=session.updated_at,
            breakout_rooms=[] if with_breakout_rooms else None,
        )


class SessionList(WireModel):
    sessions: list[SessionWire]


class SessionPage(WireModel):
    """A success with one page of sessions."""

    success: Literal[True] = True
    data: SessionList
    paging: Paging

    @classmethod
    def of(cls, page: Page[SessionRecord]) -> Self:
        return cls(
            data=SessionList(sessions=[SessionWire.of(session) for session in page.items]),
            paging=Paging.of(page),
        )
