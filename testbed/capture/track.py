"""The tracks that a participant sends, packet by packet."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct

from reelkit.capture.events import MediaKind, Source
from reelkit.capture.packet import ABS_CAPTURE_TIME_URI, VIDEO_ORIENTATION_URI
from testbed.capture.link import Sent, deliver
from testbed.capture.media import camera_frames, microphone_packets, screen_frames
from testbed.capture.packetizer import payloads
from testbed.capture.spec import CaptureSpec, Device, Link
from testbed.clips import ClipPacket
from testbed.timeline import Interval, Participant

AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
AUDIO_LEVEL_ID, ORIENTATION_ID, ABS_CAPTURE_TIME_ID = 1, 4, 5
CLOCK_RATES_HZ = {MediaKind.AUDIO: 48_000, MediaKind.VIDEO: 90_000}

VIDEO_ENCODING_S = 0.005
AUDIO_ENCODING_S = 0.022
"""An Opus packet can leave when its 20 ms have been heard."""
PACING_S = 0.0002
"""Between packets of one frame."""
KEYFRAME_DELAY_S = 0.03
"""From the SFU's keyframe request to the keyframe, as Chromium was seen to take."""
CAPTURE_TIME_INTERVAL_S = 1.0
"""How often senders tell abs-capture-time."""

_NTP = Struct("!Q")
_NTP_EPOCH_S = 2_208_988_800
_EPSILON_S = 1e-6
_MICROPHONE_MINDEX, _CAMERA_MINDEX, _SCREEN_MINDEX = 2, 3, 4
DUMMY_MINDEXES = {0: MediaKind.AUDIO, 1: MediaKind.VIDEO}
"""The SDK negotiates these at first and sends nothing on them."""


@dataclass(frozen=True)
class Track:
    """One m-line: ``opened`` is when it exists, ``on`` when its source is on."""

    feed: str
    peer_id: str
    kind: MediaKind
    source: Source
    mindex: int
    codec: str
    extmap: dict[str, int]
    opened: Interval
    on: tuple[Interval, ...]
    device: Device
    arrivals: Callable[[], Iterator[Sent]]
    """The packets that reach the SFU, in that order, on the timeline's clock."""


def tracks_of(spec: CaptureSpec, participant: Participant, feed: str, peer_id: str) -> Iterator[Track]:
    """All tracks of a participant."""
    timeline, device = spec.timeline, spec.device_of(participant)
    leaves_s = timeline.presence(participant).stop_s
    requests_s = [stretch.start_s + KEYFRAME_DELAY_S for stretch in spec.stretches()]

    def track(
        kind: MediaKind,
        source: Source,
        mindex: int,
        on: Sequence[Interval],
        stop_s: float,
        frames: Callable[[Interval], Iterator[ClipPacket]],
    ) -> Track:
        opened = Interval(on[0].start_s, stop_s)
        codec = "opus" if kind is MediaKind.AUDIO else device.video_codec
        link = device.audio_link if kind is MediaKind.AUDIO else device.video_link
        seed = f"{spec.seed}:{participant.name}:{mindex}"
        sender = _Sender(spec, device, link, kind, codec, on)
        return Track(
            feed,
            peer_id,
            kind,
            source,
            mindex,
            codec,
            _extmap(kind, device),
            opened,
            tuple(on),
            device,
            lambda: deliver(sender.packets(frames(opened)), link, seed),
        )

    if on := timeline.microphone(participant):
        yield track(
            MediaKind.AUDIO,
            Source.MICROPHONE,
            _MICROPHONE_MINDEX,
            on,
            leaves_s,
            lambda opened, on=on: microphone_packets(participant, device, opened, on),  # type: ignore[misc]
        )
    if on := timeline.camera(participant):
        yield track(
            MediaKind.VIDEO,
            Source.CAMERA,
            _CAMERA_MINDEX,
            on,
            leaves_s,
            lambda _, on=on: (  # type: ignore[misc]
                frame for stretch in on for frame in camera_frames(participant, device, stretch, requests_s)
            ),
        )
    for number, shared in enumerate(timeline.screen(participant)):
        yield track(
            MediaKind.VIDEO,
            Source.SCREEN,
            _SCREEN_MINDEX + number,
            [shared],
            shared.stop_s,
            lambda opened: screen_frames(participant, device, opened, requests_s),
        )


class _Sender:
    """Makes RTP of encoded frames: time stamps, markers, header extensions."""

    def __init__(
        self,
        spec: CaptureSpec,
        device: Device,
        link: Link,
        kind: MediaKind,
        codec: str,
        on: Sequence[Interval],
    ) -> None:
        self._spec = spec
        self._device = device
        self._link = link
        self._kind = kind
        self._codec = codec
        self._stops = [(slip.at_s, slip.at_s + slip.length_s) for slip in link.slips]
        if kind is MediaKind.AUDIO and device.muting == "gap":
            self._stops += [(first.stop_s, then.start_s) for first, then in pairwise(on)]

    def packets(self, frames: Iterable[ClipPacket]) -> Iterator[Sent]:
        """In the order of sending."""
        encoding_s = AUDIO_ENCODING_S if self._kind is MediaKind.AUDIO else VIDEO_ENCODING_S
        rate_hz = CLOCK_RATES_HZ[self._kind] * (1 + self._link.drift_ppm / 1e6)
        sequence = count = 0
        next_capture_time_s = float("-inf")
        for frame in frames:
            time_s = frame.time_s
            if any(begin_s - _EPSILON_S <= time_s < end_s - _EPSILON_S for begin_s, end_s in self._stops):
                continue
            stopped_s = sum(end_s - begin_s for begin_s, end_s in self._stops if end_s <= time_s + _EPSILON_S)
            timestamp = round((time_s - stopped_s) * rate_hz)
            parts = payloads(self._codec, frame.data, count)
            tells_time = self._device.abs_capture_time and time_s >= next_capture_time_s
            if tells_time:
                next_capture_time_s = time_s + CAPTURE_TIME_INTERVAL_S
            for index, payload in enumerate(parts):
                is_last = index == len(parts) - 1
                yield Sent(
                    sent_s=time_s + encoding_s + index * PACING_S,
                    sequence=sequence,
                    timestamp=timestamp,
                    marker=is_last and self._kind is MediaKind.VIDEO,
                    payload=payload,
                    extensions=self._extensions(frame, is_last=is_last, tells_time=tells_time and index == 0),
                )
                sequence += 1
            count += 1

    def _extensions(self, frame: ClipPacket, *, is_last: bool, tells_time: bool) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        if self._kind is MediaKind.AUDIO:
            found[AUDIO_LEVEL_ID] = b"\x30"
        elif is_last and (frame.keyframe or self._device.rotation_deg):
            found[ORIENTATION_ID] = bytes([self._device.rotation_deg // 90])
        if tells_time:
            captured_s = self._spec.wall_s(frame.time_s) + self._device.clock_offset_s
            found[ABS_CAPTURE_TIME_ID] = _NTP.pack(round((captured_s + _NTP_EPOCH_S) * (1 << 32)))
        return found


def _extmap(kind: MediaKind, device: Device) -> dict[str, int]:
    extmap = {AUDIO_LEVEL_URI: AUDIO_LEVEL_ID} if kind is MediaKind.AUDIO else {VIDEO_ORIENTATION_URI: ORIENTATION_ID}
    if device.abs_capture_time:
        extmap[ABS_CAPTURE_TIME_URI] = ABS_CAPTURE_TIME_ID
    return extmap
