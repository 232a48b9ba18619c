"""Participants as the official clients read them."""

from typing import Self

from reelkit.api.envelope import Absent, Mirror, Timestamp, WireModel
from reelkit.control.participants import Participant


class ParticipantWire(Mirror):
    """A participant of one meeting."""

    id: str
    custom_participant_id: str
    preset_name: str
    name: Absent[str] = None
    picture: Absent[str] = None
    created_at: Timestamp
    updated_at: Timestamp


class TokenWire(WireModel):
    """The token by which a participant joins."""

    token: str


class JoiningParticipant(ParticipantWire, TokenWire):
    """A participant that was just added or changed, with its token."""

    @classmethod
    def with_token(cls, participant: Participant, token: str) -> Self:
        return cls(**ParticipantWire.of(participant).model_dump(), token=token)


class DeletedParticipant(Mirror):
    """What is left of a participant that was shut out."""

    id: str
    custom_participant_id: str
    preset_id: str
    created_at: Timestamp
    updated_at: Timestamp
