"""Who was in a session, as the official clients read it: one entry for each peer, which is one device."""

from enum import StrEnum
from typing import Any, Literal, Self, cast, get_args

from pydantic import Field

from reelkit.api.envelope import Absent, Paging, Timestamp, WireModel
from reelkit.api.wire.minutes import minutes
from reelkit.control.paging import Page
from reelkit.control.session_records import PeerEvent, PeerEventName, SessionPeer

ViewType = Literal["GROUP_CALL", "WEBINAR", "AUDIO_ROOM", "LIVESTREAM", "CHAT"]


class SessionParticipantSortKey(StrEnum):
    """What a session's participants can be sorted by."""

    JOINED_AT = "joinedAt"
    DURATION = "duration"


class SessionParticipantView(StrEnum):
    """Whether the time in breakout rooms is added up. There are none here: both views are the same."""

    RAW = "raw"
    CONSOLIDATED = "consolidated"


class PeerEventWire(WireModel):
    """A peer that came or went."""

    id: str
    event_name: PeerEventName
    session_id: str
    peer_id: str
    participant_id: str
    preset_view_type: Absent[ViewType] = None
    minutes_consumed: Absent[float] = Field(None, description="Of PEER_LEAVING: since the PEER_JOINING before.")
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, event: PeerEvent, peer: SessionPeer) -> Self:
        return cls(
            id=event.id,
            event_name=event.name,
            session_id=peer.session_id,
            peer_id=peer.peer_id,
            participant_id=peer.participant_id,
            preset_view_type=_view_type(peer),
            minutes_consumed=None if event.stay_ms is None else minutes(event.stay_ms),
            created_at=event.at,
            updated_at=event.at,
        )


class _Attendance(WireModel):
    id: str = Field(description="The peer's id.")
    user_id: str = Field(description="The participant's id.")
    custom_participant_id: Absent[str] = None
    display_name: str
    duration: float = Field(description="Minutes in the session until now, without those between leave and return.")
    joined_at: Timestamp = Field(description="The first time.")
    left_at: Absent[Timestamp] = Field(None, description="The last time; absent while the peer is there.")
    created_at: Timestamp
    updated_at: Timestamp
    peer_events: Absent[list[PeerEventWire]] = Field(None, description="If include_peer_events asked for them.")

    @staticmethod
    def _fields_of(peer: SessionPeer, *, with_events: bool = True) -> dict[str, Any]:
        events = peer.events if with_events else None
        return {
            "id": peer.peer_id,
            "user_id": peer.participant_id,
            "custom_participant_id": peer.custom_participant_id,
            "display_name": peer.name,
            "duration": minutes(peer.present_ms),
            "joined_at": peer.joined_at,
            "left_at": peer.left_at,
            "created_at": peer.created_at,
            "updated_at": peer.updated_at,
            "peer_events": None if events is None else [PeerEventWire.of(event, peer) for event in events],
        }


class SessionParticipantWire(_Attendance):
    """A peer of a session."""

    preset_name: Absent[str] = None

    @classmethod
    def of(cls, peer: SessionPeer) -> Self:
        return cls(**cls._fields_of(peer), preset_name=peer.preset_name)


class SessionParticipant(WireModel):
    participant: SessionParticipantWire


class SessionParticipantList(WireModel):
    participants: list[SessionParticipantWire]


class SessionParticipantPage(WireModel):
    """A success with one page of a session's participants."""

    success: Literal[True] = True
    data: SessionParticipantList
    paging: Paging

    @classmethod
    def of(cls, page: Page[SessionPeer]) -> Self:
        return cls(
            data=SessionParticipantList(participants=[SessionParticipantWire.of(peer) for peer in page.items]),
            paging=Paging.of(page),
        )


class ReportedEvent(WireModel):
    name: PeerEventName
    timestamp: Timestamp


class PeerReportMetadata(WireModel):
    room_view_type: Absent[str] = Field(None, description="The view type of the preset.")
    events: list[ReportedEvent]


class PeerReport(WireModel):
    """What this server knows of a connection: statistics of media, devices and addresses are not kept."""

    metadata: PeerReportMetadata


class ReportedParticipantWire(_Attendance):
    """A peer with what is known of its connection."""

    session_id: str
    role: Absent[str] = Field(None, description="The name of the preset.")
    peer_report: PeerReport

    @classmethod
    def of(cls, peer: SessionPeer, *, with_events: bool, events_only: bool) -> Self:
        """``with_events`` shows them as events of the peer, too; ``events_only`` leaves nothing else in the report."""
        events = [ReportedEvent(name=event.name, timestamp=event.at) for event in peer.events or ()]
        metadata = PeerReportMetadata(room_view_type=None if events_only else peer.view_type, events=events)
        return cls(
            **cls._fields_of(peer, with_events=with_events),
            session_id=peer.session_id,
            role=peer.preset_name,
            peer_report=PeerReport(metadata=metadata),
        )


class ReportedParticipant(WireModel):
    participant: ReportedParticipantWire


def _view_type(peer: SessionPeer) -> ViewType | None:
    # Presets may name views that RealtimeKit does not know.
    return cast("ViewType", peer.view_type) if peer.view_type in get_args(ViewType) else None
