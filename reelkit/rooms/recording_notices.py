"""What clients are told about recordings."""

from typing import TYPE_CHECKING, Literal

from reelkit.rooms.events import RoomEvent
from reelkit.rooms.proto.common_pb2 import COMPOSITE
from reelkit.rooms.proto.recording_pb2 import RecordingEvent
from reelkit.rooms.proto.room_pb2 import ActiveRecording

if TYPE_CHECKING:
    from reelkit.rooms.room import Room

RecordingState = Literal["RECORDING", "PAUSED", "STOPPED"]

_EVENTS: dict[RecordingState, RoomEvent] = {
    "RECORDING": RoomEvent.RECORDING_STARTED,
    "PAUSED": RoomEvent.RECORDING_PAUSED,
    "STOPPED": RoomEvent.RECORDING_STOPPED,
}


def announce(room: "Room", recording_id: str, state: RecordingState) -> None:
    """Tells everybody who has joined, and keeps the state for who joins later."""
    if state == "STOPPED":
        room.recordings.pop(recording_id, None)
    else:
        room.recordings[recording_id] = state
    room.push(_EVENTS[state], RecordingEvent(recording_id=recording_id, recording_type=COMPOSITE), room.joined_peers())


def active(room: "Room") -> list[ActiveRecording]:
    """The recordings that run or pause, for who joins."""
    return [
        ActiveRecording(recording_id=recording_id, recording_type=COMPOSITE, recording_status=state)
        for recording_id, state in room.recordings.items()
    ]
