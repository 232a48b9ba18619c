"""What was decided about a client before its websocket reaches a room."""

from dataclasses import dataclass

from reelkit.rooms.preset import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A participant who may enter a meeting. ``peer_id`` is what the client calls this visit of theirs."""

    meeting_id: str
    meeting_title: str
    organization_id: str
    participant_id: str
    peer_id: str
    name: str
    picture: str | None = None
    custom_participant_id: str | None = None
    preset: Preset
    session_keep_alive_s: float
    """How long the session outlives its last peer."""
