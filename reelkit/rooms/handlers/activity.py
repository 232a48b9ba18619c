"""Loudness reports of microphones."""

from reelkit.capture.events import Source
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.handlers.route import Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto import media_pb2
from reelkit.rooms.room import Room


async def audio_activity(room: Room, peer: Peer, request: media_pb2.AudioActivityRequest) -> None:
    """Comes every 400 ms and has no reply. A report that crossed a mute or an end on its way counts for nothing."""
    producer = peer.producers.get(request.producer_id)
    if producer is None or producer.source is not Source.MICROPHONE or producer.paused or peer.hidden:
        return
    room.speakers.report(peer, request.energy, silent=request.silent)


ROUTES: Routes = {MediaEvent.AUDIO_ACTIVITY: Route(media_pb2.AudioActivityRequest, audio_activity)}
