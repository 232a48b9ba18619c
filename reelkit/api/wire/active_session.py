"""What came of sending people out of a session, as the official clients read it."""

from typing import Literal

from pydantic import Field

from reelkit.api.envelope import Absent, Mirror, Timestamp, WireModel


class KickedParticipantWire(Mirror):
    """One who was sent away."""

    id: str = Field(description="The participant's id.")
    name: str
    picture: Absent[str] = None
    created_at: Timestamp
    updated_at: Timestamp


class Kicked(WireModel):
    action: Literal["kicked"] = "kicked"
    participants: list[KickedParticipantWire]


class KickedAll(WireModel):
    action: Literal["kicked_all"] = "kicked_all"
    kicked_participants_count: int = Field(description="Without hidden ones.")
