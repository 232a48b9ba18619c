"""The film's picture: what the renderer asks for, frame by frame."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import structlog

from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.events import Event, MediaKind, ProducerOpened, ProducerResumed
from reelkit.render.compositor import Compositor, Outgoing
from reelkit.render.config import VideoSpec
from reelkit.render.errors import CheckpointError
from reelkit.render.meeting import Meeting, MeetingState, Peer, Producer, advance
from reelkit.render.progress import StuckTrack
from reelkit.render.scene import scene_of
from reelkit.render.stage import FrameOf
from reelkit.render.transition import FADE_S, Act, acts_of, seen
from reelkit.render.video_source import VideoSource, first_byte_of
from reelkit.render.viewing import Viewing
from reelkit.render.watermark import Watermark

log = structlog.get_logger(__name__)

_LOOK_AHEAD_S = 5.0
"""How far ahead :meth:`Picture.ready_until_s` promises anything."""
_KEEP_UP_S = 30
"""How often a track without a tile is read on: so far back its packets are still needed, and no more is left to be read
when its peer gets a tile again. Of the pictures in between only those behind the last keyframe are decoded."""
_KEEP_UP_BEHIND_S = 3.0
"""What is that old has been read, also while the capture grows."""


class Picture:
    """Composes the frames of a film from a capture's video tracks and journal, at instants that only move forward.

    Feed it with :meth:`extend` (the journal) and :meth:`poll` (the packet files), ask :meth:`ready_until_s` how far
    that reaches, and take a :meth:`frame` for each instant. Frames depend on the capture, the instants, ``spec`` and
    ``watermark`` alone: a picture that was restored from a :meth:`checkpoint` gives the same bytes. Without
    ``capture_dir`` people's pictures are not shown.
    """

    def __init__(
        self, catalog: Catalog, spec: VideoSpec, watermark: Watermark | None = None, capture_dir: Path | None = None
    ) -> None:
        self._catalog = catalog
        self._compositor = Compositor(spec.width_px, spec.height_px, watermark, capture_dir)
        self._layout = spec.layout
        self._meeting = Meeting(memory_s=FADE_S)
        self._state: MeetingState | None = None
        self._acts = acts_of(self._meeting.changes, self._layout)
        """What is seen, the last one of the state."""
        self._wall_s = -math.inf
        self._composed_s = -math.inf
        self._horizon_s = -math.inf
        self._sources: dict[TrackKey, VideoSource] = {}
        self._owners: dict[TrackKey, str] = {}
        """The peer who sends each track."""
        self._on: dict[str, tuple[VideoSource, Producer, Peer]] = {}
        """The source of each producer that is shown, and who it belongs to."""
        self.viewing = Viewing()
        """What was seen of each track."""

    def extend(self, events: Iterable[Event]) -> None:
        """Takes the next events of the journal, in its order; all of them, also in a restored picture."""
        self._meeting.extend(events)

    def poll(self, horizon_s: float) -> None:
        """Reads what was added to the packet files.

        ``horizon_s`` promises that all packets that arrived, and all events that happened, before it have been written:
        infinity for a capture that is complete, the present minus the writers' delay for one that grows. Raises
        OSError.
        """
        self._horizon_s = horizon_s
        self._catalog.scan()
        for source in self._sources.values():
            source.read(horizon_s)

    def ready_until_s(self, wall_s: float) -> float:
        """Up to which instant, from ``wall_s`` on, frames can be taken: what is read later does not change them. Less
        than ``wall_s`` while not even its frame can. Infinity for a capture that is complete.

        Packets make it about 1.2 s behind the horizon; a camera that sends nothing, or has just been switched on, holds
        it back to 2.5 s.
        """
        if self._horizon_s == math.inf:
            return math.inf
        self._go_to(wall_s)
        ready_s = min(self._horizon_s, wall_s + _LOOK_AHEAD_S)
        for source, _, _ in self._on.values():
            ready_s = min(ready_s, source.ready_until_s(wall_s))
        state = self._meeting.at(wall_s)
        for event in self._meeting.upcoming(ready_s):
            state, before = advance(state, event), state
            # A camera that comes on is another to wait for, from that instant on.
            if isinstance(event, ProducerResumed) or (
                isinstance(event, ProducerOpened) and event.kind is MediaKind.VIDEO
            ):
                return math.nextafter(event.time_s, -math.inf)
            if state is not before and scene_of(state, self._layout).producers - self._on.keys():
                # So is one that is on and gets a tile.
                return math.nextafter(event.time_s, -math.inf)
        return ready_s

    def frame(self, wall_s: float) -> av.VideoFrame:
        """The frame of that instant: yuv420p, tagged as :mod:`reelkit.render.colour` says.

        It is the very object that was given before if nothing changed, and is never written to again. Raises
        TimelineError if ``wall_s`` lies before an earlier call's.
        """
        before_s = self._composed_s
        self._go_to(wall_s)
        self._composed_s = wall_s
        self._keep_up(before_s, wall_s)
        if len(self._acts) == 1:
            return self._compositor.compose(self._acts[0].scene, self._frame_of)
        self._acts = seen(self._acts, wall_s)
        self._forget_who_left()
        frame_of = cache(self._frame_of)
        outgoing = [
            Outgoing(act.scene, self._frame_of_before(act, frame_of), follower.opacity(wall_s))
            for act, follower in pairwise(self._acts)
        ]
        return self._compositor.compose(self._acts[-1].scene, frame_of, outgoing)

    def stuck_tracks(self) -> tuple[StuckTrack, ...]:
        """The tracks that are shown and cannot go on before their senders make keyframes, as far as was read."""
        stuck = (source.key for source, _, _ in self._on.values() if source.is_stuck)
        return tuple(StuckTrack(key.feed, key.mindex) for key in stuck)

    def checkpoint(self) -> dict[str, Any]:
        """What :meth:`restore` needs to go on behind the last frame; JSON-able."""
        states = [(self._owners[key], source.checkpoint()) for key, source in self._sources.items()]
        sources = [{"peer_id": peer_id, "source": state} for peer_id, state in states if state is not None]
        return {"sources": sources, "viewing": self.viewing.state()}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Goes to where another picture of the same capture was, decoding again from the last keyframes before. To be
        called before the first frame and after :meth:`poll` with a horizon no earlier than that picture's.

        A track whose packets are no longer there, as a power cut may leave it, begins anew. Raises CheckpointError if
        the checkpoint is malformed.
        """
        try:
            states = [(entry["peer_id"], entry["source"]) for entry in checkpoint["sources"]]
        except (KeyError, TypeError) as error:
            raise CheckpointError("the checkpoint of a picture is malformed") from error
        self.viewing.restore(checkpoint.get("viewing", []))
        for peer_id, state in states:
            try:
                source = VideoSource.restored(self._catalog, self._horizon_s, state)
            except CheckpointError as error:
                log.warning("a video track cannot be continued and begins anew", reason=str(error))
                continue
            self._sources[source.key] = source
            self._owners[source.key] = peer_id

    def _frame_of(self, producer_id: str) -> av.VideoFrame | None:
        source, producer, peer = self._on[producer_id]
        frame = source.frame_at(self._wall_s, producer.since_s)
        seen = source.seen(producer.since_s)
        self.viewing.see(source.key, producer.source, peer, self._wall_s, producer.since_s, seen)
        return frame

    def _go_to(self, wall_s: float) -> None:
        state = self._meeting.at(wall_s)
        self._wall_s = wall_s
        if state is self._state:
            return
        self._state = state
        self._acts = acts_of(self._meeting.changes, self._layout)
        shown = self._acts[-1].scene.producers
        peers = {peer.peer_id: peer for peer in state.peers}
        self._on = {
            producer.producer_id: (self._source(producer), producer, peers[producer.peer_id])
            for producer in state.producers
            if producer.producer_id in shown
        }
        self._forget_who_left()

    def _frame_of_before(self, act: Act, frame_of: FrameOf) -> FrameOf:
        """The pictures of an arrangement that gives way: those that are still shown go on, the others stand still."""
        producers = {producer.producer_id: producer for producer in act.state.producers}

        def frame_of_before(producer_id: str) -> av.VideoFrame | None:
            producer = producers[producer_id]
            _, shown, _ = self._on.get(producer_id, (None, None, None))
            if shown is not None and shown.since_s == producer.since_s:
                return frame_of(producer_id)
            source = self._sources.get(TrackKey(producer.feed, producer.kind, producer.mindex))
            return None if source is None else source.held(producer.since_s)

        return frame_of_before

    def _keep_up(self, before_s: float, wall_s: float) -> None:
        """Now and then takes the tracks along that had a tile and have none, each at a moment of its own."""
        if len(self._on) == len(self._sources):
            return
        shown = {source.key for source, _, _ in self._on.values()}
        for number, (key, source) in enumerate(self._sources.items()):
            phase_s = number % _KEEP_UP_S
            if key not in shown and (before_s + phase_s) // _KEEP_UP_S != (wall_s + phase_s) // _KEEP_UP_S:
                source.keep_up(wall_s - _KEEP_UP_BEHIND_S)

    def _forget_who_left(self) -> None:
        # A track may go on after its producer was closed, without a keyframe: its decoder stays as long as its peer, or
        # as long as that peer's tile is seen.
        present = {peer.peer_id for act in self._acts for peer in act.state.peers}
        for key in [key for key, peer_id in self._owners.items() if peer_id not in present]:
            del self._sources[key], self._owners[key]
        self.viewing.forget_all_but(present)

    def _source(self, producer: Producer) -> VideoSource:
        key = TrackKey(producer.feed, producer.kind, producer.mindex)
        source = self._sources.get(key)
        if source is None:
            source = self._sources[key] = VideoSource(key, self._catalog, producer.codec, producer.extmap)
            source.read(self._horizon_s)
        self._owners[key] = producer.peer_id
        return source


def video_starts(checkpoint: Mapping[str, Any]) -> dict[str, int]:
    """From which offset on a picture that is restored reads each packet file that it has open. Raises
    CheckpointError."""
    return dict(first_byte_of(entry["source"]) for entry in checkpoint.get("sources", ()))
