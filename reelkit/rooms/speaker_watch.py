"""Tells a room's clients and its journal who speaks."""

import asyncio
from typing import TYPE_CHECKING

from reelkit.capture.events import SpeakerChanged
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.proto.media_edge_pb2 import SelectedPeersDiffEntry, SelectedPeersDiffResponse
from reelkit.rooms.speakers import ActiveSpeaker

if TYPE_CHECKING:
    from reelkit.rooms.peer import Peer
    from reelkit.rooms.room import Room

# How often a speaker is looked after who is not heard of any more: as often as a client reports.
TICK_S = 0.4
# Position in the SDK's order of speakers; the first one is its active speaker.
_FIRST = 1


class SpeakerWatch:
    """The active speaker of a room."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self._speaker = ActiveSpeaker(room.settings.active_speaker_hold_s)
        self._ticking: asyncio.Task[None] | None = None

    @property
    def recent(self) -> list[str]:
        """Peer ids of whoever spoke, the latest first."""
        return list(self._speaker.recent)

    def report(self, peer: "Peer", energy: int, *, silent: bool) -> None:
        """Takes a client's report about its microphone."""
        if self._speaker.report(peer.id, energy, silent=silent, now_s=self._room.clock.monotonic_s()):
            self._tell()

    def hush(self, peer: "Peer") -> None:
        """The peer's microphone was muted or closed."""
        self._speaker.hush(peer.id)

    def remove(self, peer: "Peer") -> None:
        """The peer left."""
        if self._speaker.remove(peer.id):
            self._tell()

    def _tell(self) -> None:
        room, current = self._room, self._speaker.current
        room.record(SpeakerChanged(time_s=room.clock.time_s(), peer_id=current))
        if current is None:
            return
        diff = SelectedPeersDiffResponse(entries=[SelectedPeersDiffEntry(peer_id=current, priority=_FIRST)])
        room.push(MediaEvent.SELECTED_PEER_DIFF, diff, (peer for peer in room.media_peers() if peer.id != current))
        if self._ticking is None or self._ticking.done():
            self._ticking = room.tasks.spawn(self._tick(), "speaker")

    async def _tick(self) -> None:
        while self._speaker.current is not None:
            await self._room.clock.sleep(TICK_S)
            if self._speaker.update(self._room.clock.monotonic_s()):
                self._tell()
