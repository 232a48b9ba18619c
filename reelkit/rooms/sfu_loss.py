"""What a room does when Janus dies and when it is back."""

from typing import TYPE_CHECKING

from reelkit.capture.events import SfuLost
from reelkit.rooms import membership
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.proto.media_edge_pb2 import MediaRoomTerminationBroadcastResponse
from reelkit.sfu import SfuRoom

if TYPE_CHECKING:
    from reelkit.rooms.room import Room


def lose(room: "Room", reason: str) -> None:
    """Janus is gone, and with it whatever was sent and received."""
    room.set_sfu(None)
    room.log.warning("the SFU was lost", reason=reason)
    room.record(SfuLost(time_s=room.clock.time_s(), reason=reason), durable=True)
    room.capture.lost()
    for peer in room.members.values():
        membership.close_producers(room, peer, list(peer.producers.values()))
        peer.set_send(None)
        peer.receive = None
    room.tasks.spawn(room.observer.sfu_lost(room), "sfu-lost")


async def restore(room: "Room", sfu: SfuRoom) -> None:
    """A new Janus has a new room for the session. Raises SfuError if it cannot record although it should."""
    room.set_sfu(sfu)
    room.log.info("the SFU is back")
    terminated = MediaRoomTerminationBroadcastResponse(reason="the SFU was restarted")
    room.push(MediaEvent.ROOM_TERMINATED, terminated, room.media_peers())
    await room.capture.restore()
