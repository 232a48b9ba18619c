"""What the book of sessions tells: sessions, the peers who were in them, and their coming and going."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import NAMESPACE_OID, uuid5

from reelkit.db.session_history import TimedPeer, TimedSession
from reelkit.db.visits import SessionVisitRow, stay_ms


class SessionStatus(StrEnum):
    LIVE = "LIVE"
    ENDED = "ENDED"


class PeerEventName(StrEnum):
    CREATED = "PEER_CREATED"
    """Its client connected."""
    JOINING = "PEER_JOINING"
    LEAVING = "PEER_LEAVING"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session. Only peers whom others can see are counted."""

    id: str
    app_id: str
    meeting_id: str
    title: str | None
    """The meeting's when the session began."""
    started_at: datetime
    ended_at: datetime | None
    updated_at: datetime
    live_peers: int
    peak_peers: int
    consumed_ms: int
    """How long peers were there until now, one after the other."""

    @classmethod
    def of(cls, timed: TimedSession) -> Self:
        row = timed.row
        return cls(
            id=row.id,
            app_id=row.app_id,
            meeting_id=row.meeting_id,
            title=row.title,
            started_at=row.started_at,
            ended_at=row.ended_at,
            updated_at=row.updated_at,
            live_peers=row.live_peers,
            peak_peers=row.peak_peers,
            consumed_ms=timed.consumed_ms,
        )

    @property
    def status(self) -> SessionStatus:
        return SessionStatus.LIVE if self.ended_at is None else SessionStatus.ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerEvent:
    """Something that happened to a peer."""

    id: str
    name: PeerEventName
    at: datetime
    stay_ms: int | None = None
    """Of a leave: how long it was there since the join before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPeer:
    """One device of a participant in one session, as it was when it joined last."""

    session_id: str
    peer_id: str
    participant_id: str
    custom_participant_id: str | None
    name: str
    picture: str | None
    preset_name: str | None
    view_type: str | None
    created_at: datetime
    joined_at: datetime
    """When it joined first."""
    left_at: datetime | None
    """When it left last; None while it is there."""
    updated_at: datetime
    present_ms: int
    """Until now, without the time that it was away."""
    events: tuple[PeerEvent, ...] | None = None
    """None if they were not asked for."""

    @classmethod
    def of(cls, timed: TimedPeer, visits: Iterable[SessionVisitRow] | None = None) -> Self:
        row = timed.row
        return cls(
            session_id=row.session_id,
            peer_id=row.peer_id,
            participant_id=row.participant_id,
            custom_participant_id=row.custom_participant_id,
            name=row.name,
            picture=row.picture,
            preset_name=row.preset_name,
            view_type=row.view_type,
            created_at=row.created_at,
            joined_at=row.first_joined_at,
            left_at=row.left_at,
            updated_at=row.updated_at,
            present_ms=timed.present_ms,
            events=None if visits is None else tuple(event for visit in visits for event in _events(visit)),
        )


def _events(visit: SessionVisitRow) -> Iterable[PeerEvent]:
    def event(name: PeerEventName, at: datetime, stay_ms: int | None = None) -> PeerEvent:
        # The same event has the same id each time it is told.
        key = f"{visit.session_id}/{visit.peer_id}/{visit.number}/{name}"
        return PeerEvent(id=str(uuid5(NAMESPACE_OID, key)), name=name, at=at, stay_ms=stay_ms)

    yield event(PeerEventName.CREATED, visit.created_at)
    yield event(PeerEventName.JOINING, visit.joined_at)
    if visit.left_at is not None:
        yield event(PeerEventName.LEAVING, visit.left_at, stay_ms(visit.joined_at, visit.left_at))
