"""What clients are told about livestreams. Who joins later asks the API."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reelkit.rooms.events import RoomEvent
from reelkit.rooms.proto.livestreaming_pb2 import LiveStreamingEvent

if TYPE_CHECKING:
    from reelkit.rooms.room import Room

LivestreamState = Literal["INVOKED", "LIVE", "IDLE", "ERRORED"]

_EVENTS: dict[LivestreamState, RoomEvent] = {
    "INVOKED": RoomEvent.LIVESTREAM_INVOKED,
    "LIVE": RoomEvent.LIVESTREAM_STARTED,
    "IDLE": RoomEvent.LIVESTREAM_STOPPED,
    "ERRORED": RoomEvent.LIVESTREAM_ERRORED,
}


@dataclass(frozen=True, slots=True)
class LivestreamNotice:
    """A livestream has another state."""

    livestream_id: str
    state: LivestreamState
    name: str = ""
    playback_url: str = ""
    error: str = ""


def announce(room: "Room", notice: LivestreamNotice) -> None:
    """Tells everybody who has joined."""
    event = LiveStreamingEvent(
        livestream_id=notice.livestream_id,
        err_message=notice.error,
        name=notice.name,
        meeting_id=room.meeting_id,
        playback_url=notice.playback_url,
        org_id=room.organization_id,
        room_name=room.meeting_id,
        room_uuid=room.session_id,
        status=notice.state,
        manual_ingest=False,
    )
    room.push(_EVENTS[notice.state], event, room.joined_peers())
