"""What the browser SDK asks for when it starts. Absent strings must be absent: it cannot encode null."""

from typing import Any, Literal, Self

from pydantic import Field

from reelkit.api.envelope import Absent, WireModel
from reelkit.control.participants import ParticipantIdentity

# The only one of the SDK's numbers for SFU protocols that is still in use; 1.1 and 1.2 ask for it.
CURRENT_SFU = 3


class SdkParticipantWire(WireModel):
    id: str
    name: str
    picture: Absent[str] = None
    custom_participant_id: str
    organization_id: str


class SdkMeetingWire(WireModel):
    id: str
    title: str


class SdkSocketWire(WireModel):
    """Where the websocket is; without ``base_uri`` it is below the SDK's own base."""

    base_uri: Absent[str] = None


class ParticipantDetails(WireModel):
    """Who the token stands for, what they may do and where they meet."""

    participant: SdkParticipantWire
    preset: dict[str, Any]
    meeting: SdkMeetingWire
    socket: SdkSocketWire

    @classmethod
    def of(cls, identity: ParticipantIdentity) -> Self:
        participant, meeting, preset = identity.participant, identity.meeting, identity.preset
        return cls(
            participant=SdkParticipantWire(
                id=participant.id,
                name=participant.display_name,
                picture=participant.picture,
                custom_participant_id=participant.custom_participant_id,
                organization_id=meeting.app_id,
            ),
            preset={"id": preset.id, **preset.document},
            meeting=SdkMeetingWire(id=meeting.id, title=meeting.title or ""),
            socket=SdkSocketWire(),
        )


class IceServers(WireModel):
    """RTCIceServer objects, not inside the envelope's ``data``."""

    success: Literal[True] = True
    ice_servers: list[dict[str, str]] = Field(alias="iceServers")


class Plugins(WireModel):
    """SDK 1.x asks; there are none."""

    plugins: list[str] = Field(default_factory=list, max_length=0)


class RoomNode(WireModel):
    """SDK 1.1 and 1.2 ask which SFU protocol the meeting speaks."""

    title: str
    sfu: int = CURRENT_SFU
