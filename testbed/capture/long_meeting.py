"""A meeting of any length, written as it goes on at little cost: small pictures, short words, long silences.

Four people. Ada's camera is always on; it flashes when she beeps, once in each loop. Bo's camera is switched on and off
and his microphone is muted and sends what a silent microphone does. Cleo has no camera and is muted and unmuted. Dan
comes again and again, each time as a new peer with a camera. Another one is the active speaker each second, and the
recording is paused now and then.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from itertools import count
from operator import itemgetter
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext

from reelkit.capture.events import (
    EVENT,
    CaptureSwitched,
    Event,
    MediaKind,
    PeerJoined,
    PeerLeft,
    ProducerOpened,
    ProducerPaused,
    ProducerResumed,
    RecordingMarked,
    SessionEnded,
    SessionStarted,
    Source,
    SpeakerChanged,
)
from testbed.capture.mjr_file import MjrFile, file_name
from testbed.capture.packetizer import PAYLOAD_TYPES, payloads, rtp_packet
from testbed.clips import OPUS_FRAME_S, microphone_clip
from testbed.picture import Painter
from testbed.timeline import Participant, Signal, people

ZERO_S = 1_760_000_000.0
"""Wall-clock time of the recording's beginning."""
RECORDING_ID = "recording-1"
LOOP_S = 10.013
"""Ada's media repeat after this: not a multiple of anything in a film, so that flashes fall anywhere between frames."""
BEEP_S, BEEP_LENGTH_S = 4.0, 0.4
"""When in each loop Ada flashes and beeps, and how long."""
CAMERA_FPS = 5
CAMERA_WIDTH_PX, CAMERA_HEIGHT_PX = 64, 36

_LOOP_FRAMES = 50
_WORD_S = 1.0  # Ada speaks so long in each loop, the beep is in the middle …
_WORD_LEAD_S = 0.3
_REPLY_S = 0.6  # … and Cleo when she is unmuted
_MUTE_PERIOD_S, _CAMERA_PERIOD_S, _VISIT_PERIOD_S = 20.0, 1_200.0, 1_800.0
_DTX_S = 0.4
_SPEAKER_S = 1.0
_PAUSE_S = 60.0
_DELAY_S, _JITTER_S = {MediaKind.VIDEO: 0.015, MediaKind.AUDIO: 0.032}, 0.004
_RATE_HZ = {MediaKind.VIDEO: 90_000, MediaKind.AUDIO: 48_000}
_MINDEX = {MediaKind.AUDIO: 2, MediaKind.VIDEO: 3}
_SOURCE = {MediaKind.AUDIO: Source.MICROPHONE, MediaKind.VIDEO: Source.CAMERA}
_CODEC = {MediaKind.AUDIO: "opus", MediaKind.VIDEO: "vp8"}
_LEAD_S = 0.5  # the SFU records before the recording begins

_Action = tuple[float, int, Callable[[], object]]
_Media = Iterator[tuple[float, bytes]]
"""Capture times and encoded frames."""


@dataclass(eq=False)
class _Track:
    feed: str
    kind: MediaKind
    file: MjrFile | None = None
    sequence: int = 0


class LongMeeting:
    """Writes the capture of ``duration_s`` seconds of recorded meeting, but for pauses each ``pause_every_s``, into
    ``directory``."""

    def __init__(self, directory: Path, duration_s: float, pause_every_s: float = 7_200.0, hurry: float = 1.0) -> None:
        """``hurry`` times as often does somebody come and is Bo's camera switched."""
        self.duration_s = duration_s
        self._camera_period_s, self._visit_period_s = _CAMERA_PERIOD_S / hurry, _VISIT_PERIOD_S / hurry
        self._pause_s = min(_PAUSE_S, pause_every_s / 10)
        self.pauses = [
            (at_s, at_s + self._pause_s)
            for at_s in (number * pause_every_s for number in range(1, int(duration_s / pause_every_s) + 1))
            if at_s + self._pause_s < duration_s
        ]
        self._rtp = directory / "rtp"
        self._rtp.mkdir(parents=True)
        self._journal = (directory / "journal.jsonl").open("wb", buffering=0)
        self._open: dict[str, _Track] = {}
        self._recording = False
        self._random = random.Random(1)
        sources = [
            self._session(), self._speakers(), self._ada(), self._bo(), self._cleo(), self._dan(),
        ]  # fmt: skip
        self._actions = heapq.merge(*sources, key=itemgetter(0, 1))
        self._next: _Action | None = next(self._actions, None)

    @property
    def recorded_s(self) -> float:
        """How long the film is to be."""
        return self.duration_s - sum(stop_s - start_s for start_s, stop_s in self.pauses)

    def film_s(self, time_s: float) -> float | None:
        """Where an instant of the meeting lies in the film, if it does."""
        paused_s = 0.0
        for start_s, stop_s in self.pauses:
            if start_s <= time_s < stop_s:
                return None
            paused_s += stop_s - start_s if stop_s <= time_s else 0.0
        return time_s - paused_s if 0 <= time_s < self.duration_s else None

    def beeps(self) -> list[float]:
        """The instants of the meeting at which Ada flashes and beeps."""
        return [loop * LOOP_S + BEEP_S for loop in range(int(self.duration_s / LOOP_S))]

    def is_alone(self, time_s: float) -> bool:
        """Whether Ada's beep at that instant is all that is to be heard about then."""
        return 2.0 < time_s % _MUTE_PERIOD_S < _MUTE_PERIOD_S - 2.0

    def write_until(self, wall_s: float) -> None:
        """Writes all that was on disk at that instant."""
        while self._next is not None and ZERO_S + self._next[0] <= wall_s:
            self._next[2]()
            self._next = next(self._actions, None)
        for track in self._open.values():
            if track.file is not None:
                track.file.flush()

    def close(self) -> None:
        for track in self._open.values():
            self._end_file(track)
        self._journal.close()

    def _session(self) -> Iterator[_Action]:
        begun = SessionStarted(time_s=0.0, session_id="session-1", meeting_id="meeting-1", title="A long meeting")
        yield -1.0, 0, partial(self._note, -1.0, begun)
        yield -_LEAD_S, 0, partial(self._switch, -_LEAD_S, on=True)
        yield 0.0, 0, partial(self._mark, 0.0, "started")
        for start_s, stop_s in self.pauses:
            yield start_s, 0, partial(self._mark, start_s, "paused")
            yield start_s + 0.05, 0, partial(self._switch, start_s + 0.05, on=False)
            yield stop_s - _LEAD_S, 0, partial(self._switch, stop_s - _LEAD_S, on=True)
            yield stop_s, 0, partial(self._mark, stop_s, "resumed")
        end_s = self.duration_s
        yield end_s, 0, partial(self._mark, end_s, "stopped")
        yield end_s + 0.05, 0, partial(self._switch, end_s + 0.05, on=False)
        yield end_s + 0.5, 0, partial(self._note, end_s + 0.5, SessionEnded(time_s=0.0))

    def _speakers(self) -> Iterator[_Action]:
        for number in range(int(self.duration_s / _SPEAKER_S)):
            at_s = (number + 0.5) * _SPEAKER_S
            event = SpeakerChanged(time_s=0.0, peer_id=("ada", "bo", "cleo", None)[number % 4])
            yield at_s, 1, partial(self._note, at_s, event)

    def _ada(self) -> Iterator[_Action]:
        yield from self._join(-0.9, "ada")
        camera, microphone = self._track("ada", MediaKind.VIDEO), self._track("ada", MediaKind.AUDIO)
        yield from self._produce(-0.9, microphone)
        yield from self._produce(-0.9, camera)
        words = _word(0)
        for loop in count():
            start_s = loop * LOOP_S
            frames = _frames(start_s, _pictures(flashing=True))
            word_s = start_s + BEEP_S - _WORD_LEAD_S
            sound = ((word_s + index * OPUS_FRAME_S, word) for index, word in enumerate(words))
            yield from heapq.merge(self._sent(camera, frames), self._sent(microphone, sound), key=itemgetter(0, 1))
            if start_s > self.duration_s:
                return

    def _bo(self) -> Iterator[_Action]:
        yield from self._join(-0.8, "bo")
        camera, microphone = self._track("bo", MediaKind.VIDEO), self._track("bo", MediaKind.AUDIO)
        yield from self._produce(-0.8, microphone, paused=True)
        yield from self._produce(-0.8, camera, paused=True)
        silence = ((number * _DTX_S, b"\x08") for number in range(int(self.duration_s / _DTX_S)))
        yield from heapq.merge(self._sent(microphone, silence), self._toggled_camera(camera), key=itemgetter(0, 1))

    def _toggled_camera(self, camera: _Track) -> Iterator[_Action]:
        producer_id = f"{camera.feed}-{camera.kind.value}"
        for number in range(int(self.duration_s / self._camera_period_s) + 1):
            on_s = number * self._camera_period_s
            off_s = on_s + self._camera_period_s / 2
            yield on_s, 1, partial(self._note, on_s, ProducerResumed(time_s=0.0, producer_id=producer_id))
            yield from self._sent(camera, self._shown(on_s, off_s))
            yield off_s, 1, partial(self._note, off_s, ProducerPaused(time_s=0.0, producer_id=producer_id))

    def _cleo(self) -> Iterator[_Action]:
        yield from self._join(-0.7, "cleo")
        microphone = self._track("cleo", MediaKind.AUDIO)
        yield from self._produce(-0.7, microphone, paused=True)
        reply = _word(1)[: round(_REPLY_S / OPUS_FRAME_S)]
        producer_id = f"{microphone.feed}-{microphone.kind.value}"
        for number in range(int(self.duration_s / _MUTE_PERIOD_S) + 1):
            on_s = number * _MUTE_PERIOD_S
            off_s = on_s + _MUTE_PERIOD_S / 2
            yield on_s, 1, partial(self._note, on_s, ProducerResumed(time_s=0.0, producer_id=producer_id))
            sound = ((on_s + 0.1 + index * OPUS_FRAME_S, packet) for index, packet in enumerate(reply))
            yield from self._sent(microphone, sound)
            yield off_s, 1, partial(self._note, off_s, ProducerPaused(time_s=0.0, producer_id=producer_id))

    def _dan(self) -> Iterator[_Action]:
        for number in range(int(self.duration_s / self._visit_period_s) + 1):
            come_s = (number + 0.25) * self._visit_period_s
            peer_id = f"dan-{number}"
            yield from self._join(come_s, peer_id)
            camera = self._track(peer_id, MediaKind.VIDEO)
            yield from self._produce(come_s, camera)
            yield from self._sent(camera, self._shown(come_s + 0.1, come_s + self._visit_period_s / 2))
            left_s = come_s + self._visit_period_s / 2 + 0.1
            yield left_s, 1, partial(self._note, left_s, PeerLeft(time_s=0.0, peer_id=peer_id))
            yield left_s, 2, partial(self._end, camera)

    def _shown(self, start_s: float, stop_s: float) -> _Media:
        length_s = _LOOP_FRAMES / CAMERA_FPS
        for loop in range(int((stop_s - start_s) / length_s)):
            yield from _frames(start_s + loop * length_s, _pictures(flashing=False))

    def _join(self, at_s: float, peer_id: str) -> Iterator[_Action]:
        joined = PeerJoined(
            time_s=0.0, peer_id=peer_id, participant_id=peer_id, name=peer_id.split("-", maxsplit=1)[0].title()
        )
        yield at_s, 1, partial(self._note, at_s, joined)

    def _produce(self, at_s: float, track: _Track, *, paused: bool = False) -> Iterator[_Action]:
        opened = ProducerOpened(
            time_s=0.0,
            producer_id=f"{track.feed}-{track.kind.value}",
            peer_id=track.feed.removeprefix("feed-"),
            feed=track.feed,
            mid=str(_MINDEX[track.kind]),
            mindex=_MINDEX[track.kind],
            kind=track.kind,
            source=_SOURCE[track.kind],
            codec=_CODEC[track.kind],
            paused=paused,
        )
        yield at_s, 2, partial(self._note, at_s, opened)
        yield at_s, 3, partial(self._begin, at_s, track)

    def _track(self, peer_id: str, kind: MediaKind) -> _Track:
        return _Track(f"feed-{peer_id}", kind)

    def _sent(self, track: _Track, media: _Media) -> Iterator[_Action]:
        for time_s, data in media:
            arrival_s = time_s + _DELAY_S[track.kind] + self._random.random() * _JITTER_S
            yield arrival_s, 4, partial(self._record, track, time_s, arrival_s, data)

    def _record(self, track: _Track, time_s: float, arrival_s: float, data: bytes) -> None:
        parts = payloads(_CODEC[track.kind], data, track.sequence)
        for index, payload in enumerate(parts):
            track.sequence += 1
            if track.file is not None:
                packet = rtp_packet(
                    payload_type=PAYLOAD_TYPES[_CODEC[track.kind]],
                    marker=track.kind is MediaKind.VIDEO and index == len(parts) - 1,
                    sequence=track.sequence,
                    timestamp=round(time_s * _RATE_HZ[track.kind]),
                    ssrc=7,
                    payload=payload,
                )
                track.file.write(ZERO_S + arrival_s, packet)

    def _note(self, at_s: float, event: Event) -> None:
        self._journal.write(EVENT.dump_json(event.model_copy(update={"time_s": ZERO_S + at_s})) + b"\n")

    def _mark(self, at_s: float, mark: str) -> None:
        event = RecordingMarked.model_validate({"time_s": 0.0, "recording_id": RECORDING_ID, "mark": mark})
        self._note(at_s, event)

    def _switch(self, at_s: float, *, on: bool) -> None:
        self._recording = on
        self._note(at_s, CaptureSwitched(time_s=0.0, on=on))
        for track in self._open.values():
            if on:
                self._begin_file(at_s, track)
            else:
                self._end_file(track)

    def _begin(self, at_s: float, track: _Track) -> None:
        self._open[f"{track.feed}-{track.kind}"] = track
        if self._recording:
            self._begin_file(at_s, track)

    def _end(self, track: _Track) -> None:
        self._end_file(track)
        del self._open[f"{track.feed}-{track.kind}"]

    def _begin_file(self, at_s: float, track: _Track) -> None:
        created_s = ZERO_S + at_s
        path = self._rtp / file_name("session-1", track.feed, created_s, track.kind, _MINDEX[track.kind])
        track.file = MjrFile(path, track.kind, _CODEC[track.kind], created_s)

    def _end_file(self, track: _Track) -> None:
        if track.file is not None:
            track.file.close()
            track.file = None


def _frames(start_s: float, pictures: tuple[bytes, ...]) -> _Media:
    return ((start_s + index / CAMERA_FPS, picture) for index, picture in enumerate(pictures))


@lru_cache(maxsize=2)
def _pictures(*, flashing: bool) -> tuple[bytes, ...]:
    """A loop of a camera: a keyframe and what follows."""
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = CAMERA_WIDTH_PX, CAMERA_HEIGHT_PX, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, CAMERA_FPS), Fraction(CAMERA_FPS)
    encoder.gop_size, encoder.bit_rate = 10 * _LOOP_FRAMES, 40_000
    encoder.options = {"deadline": "realtime", "cpu-used": "-10", "lag-in-frames": "0", "error-resilient": "1"}
    painter = Painter(people(2)[not flashing].colour, CAMERA_WIDTH_PX, CAMERA_HEIGHT_PX)
    found: list[bytes] = []
    for index in range(_LOOP_FRAMES):
        flash = flashing and BEEP_S <= index / CAMERA_FPS < BEEP_S + BEEP_LENGTH_S
        frame = av.VideoFrame.from_ndarray(painter.paint(index, flash=flash), format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, encoder.time_base
        found += [bytes(packet) for packet in encoder.encode(frame)]
    assert len(found) == _LOOP_FRAMES
    return tuple(found)


@lru_cache(maxsize=2)
def _word(index: int) -> tuple[bytes, ...]:
    """A second of sound with a beep in it."""
    person = people(2)[index]
    signal = Signal((_WORD_LEAD_S,), BEEP_LENGTH_S)
    speaker = Participant(person.name, person.colour, person.tone_hz, signal=signal)
    return tuple(packet.data for packet in microphone_clip(speaker).between(0.0, _WORD_S))
