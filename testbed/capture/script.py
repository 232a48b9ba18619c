"""The journal of a synthetic capture."""

from collections.abc import Iterator, Sequence

from reelkit.capture.events import (
    CaptureSwitched,
    Event,
    PeerJoined,
    PeerLeft,
    ProducerClosed,
    ProducerOpened,
    ProducerPaused,
    ProducerResumed,
    RecordingMarked,
    SessionEnded,
    SessionStarted,
    Source,
)
from testbed.capture.spec import CaptureSpec
from testbed.capture.track import Track
from testbed.timeline import Interval, Participant

SWITCH_LEAD_S = 0.1
"""The SFU records so long before a stretch begins: the room waits for the first packets before it sets the mark."""
SWITCH_TAIL_S = 0.05
"""And so long after it ends."""
_SESSION_EDGE_S = 0.5


def peer_id_of(participant: Participant) -> str:
    return f"peer-{participant.name.lower()}"


def switched(stretch: Interval) -> tuple[float, float]:
    """When the SFU is switched on and off for a stretch, on the timeline's clock."""
    return stretch.start_s - SWITCH_LEAD_S, stretch.stop_s + SWITCH_TAIL_S


def journal(spec: CaptureSpec, tracks: Sequence[Track]) -> list[Event]:
    """All events in order of time."""
    events = [*_session(spec), *_peers(spec), *spec.events]
    for track in tracks:
        events.extend(_producers(spec, track))
    # At one instant the session comes first and producers follow their peers; sorting keeps that order.
    return sorted(events, key=lambda event: event.time_s)


def _session(spec: CaptureSpec) -> Iterator[Event]:
    yield SessionStarted(
        time_s=spec.wall_s(-_SESSION_EDGE_S), session_id=spec.session_id, meeting_id=spec.meeting_id, title=spec.title
    )
    stretches = spec.stretches()
    for index, stretch in enumerate(stretches):
        on_s, off_s = switched(stretch)
        is_last = index == len(stretches) - 1
        yield CaptureSwitched(time_s=spec.wall_s(on_s), on=True)
        yield RecordingMarked(
            time_s=spec.wall_s(stretch.start_s),
            recording_id=spec.recording_id,
            mark="resumed" if index else "started",
        )
        if is_last and not spec.stopped:
            return
        yield RecordingMarked(
            time_s=spec.wall_s(stretch.stop_s),
            recording_id=spec.recording_id,
            mark="stopped" if is_last else "paused",
        )
        yield CaptureSwitched(time_s=spec.wall_s(off_s), on=False)
    yield SessionEnded(time_s=spec.wall_s(spec.timeline.duration_s + _SESSION_EDGE_S))


def _peers(spec: CaptureSpec) -> Iterator[Event]:
    for participant in spec.timeline.participants:
        presence = spec.timeline.presence(participant)
        peer_id = peer_id_of(participant)
        yield PeerJoined(
            time_s=spec.wall_s(presence.start_s),
            peer_id=peer_id,
            participant_id=f"participant-{participant.name.lower()}",
            name=participant.name,
        )
        if participant.leaves_s is not None and participant.leaves_s <= spec.timeline.duration_s:
            yield PeerLeft(time_s=spec.wall_s(presence.stop_s), peer_id=peer_id)


def _producers(spec: CaptureSpec, track: Track) -> Iterator[Event]:
    closes_each = track.source is Source.CAMERA and track.device.camera_off == "close"
    producer_id = f"{track.peer_id}-{track.source.value}-{track.mindex}"
    for number, on in enumerate(track.on):
        if closes_each:
            producer_id = f"{track.peer_id}-{track.source.value}-{track.mindex}-{number}"
        if number == 0 or closes_each:
            yield ProducerOpened(
                time_s=spec.wall_s(on.start_s),
                producer_id=producer_id,
                peer_id=track.peer_id,
                feed=track.feed,
                mid=str(track.mindex),
                mindex=track.mindex,
                kind=track.kind,
                source=track.source,
                codec=track.codec,
                extmap=track.extmap,
            )
        else:
            yield ProducerResumed(time_s=spec.wall_s(on.start_s), producer_id=producer_id)
        is_over = on.stop_s >= track.opened.stop_s
        if closes_each or (is_over and track.opened.stop_s < spec.timeline.duration_s):
            yield ProducerClosed(time_s=spec.wall_s(on.stop_s), producer_id=producer_id)
        elif not is_over:
            yield ProducerPaused(time_s=spec.wall_s(on.stop_s), producer_id=producer_id)
