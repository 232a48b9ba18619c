"""What a synthetic capture shall hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reelkit.capture.events import Event
from testbed.clips import VideoCodec
from testbed.timeline import Interval, Participant, Timeline

ZERO_S = 1_760_000_000.0
"""Wall-clock time of a timeline's zero unless the spec says otherwise."""

Muting = Literal["silence", "dtx", "gap"]


@dataclass(frozen=True)
class Slip:
    """A stop of the sender's RTP clock: at ``at_s`` it captures nothing for ``length_s``, and its time stamps do not
    count that time (an underrun of its sound card)."""

    at_s: float
    length_s: float


@dataclass(frozen=True)
class Link:
    """How one stream gets from its sender to the SFU. Probabilities are per packet."""

    delay_s: float = 0.010
    """Least time on the way."""
    jitter_s: float = 0.002
    """Mean of an exponential delay on top; packets stay in order within it."""
    loss: float = 0.0
    """Packets that never arrive."""
    gaps: tuple[Interval, ...] = ()
    """Stretches of the timeline in which nothing that is sent ever arrives."""
    late: float = 0.0
    """Packets that are lost and retransmitted: they arrive ``late_s`` later."""
    late_s: tuple[float, float] = (0.12, 0.32)
    """Least and most of that."""
    swapped: float = 0.0
    """Packets that the next one overtakes."""
    duplicated: float = 0.0
    stalls: tuple[Interval, ...] = ()
    """Stretches of the timeline in which nothing arrives; all of it comes at their end."""
    drift_ppm: float = 0.0
    """How much faster than the wall clock the sender's RTP clock runs."""
    slips: tuple[Slip, ...] = ()


@dataclass(frozen=True)
class Resolution:
    """From the first keyframe at or after ``at_s`` the camera has this size."""

    at_s: float
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Device:
    """What a participant sends with."""

    video_codec: VideoCodec = "vp8"
    width_px: int = 320
    height_px: int = 180
    resolutions: tuple[Resolution, ...] = ()
    """Later sizes, ascending."""
    rotation_deg: Literal[0, 90, 180, 270] = 0
    """What the header extension video-orientation tells; the encoded picture is the same."""
    muting: Muting = "silence"
    """A muted microphone sends silence, a packet each 400 ms (dtx), or nothing with its RTP clock stopped (gap)."""
    camera_off: Literal["pause", "close"] = "pause"
    """Whether the journal says that a camera which is off is paused or closed. It sends nothing either way."""
    abs_capture_time: bool = False
    clock_offset_s: float = 0.0
    """How far the sender's clock, which abs-capture-time tells, is ahead."""
    video_link: Link = field(default_factory=Link)
    audio_link: Link = field(default_factory=Link)
    sequence_start: int = 1
    timestamp_start: int = 0
    """The first packet of each file has these."""


@dataclass(frozen=True)
class CaptureSpec:
    """A synthetic capture of ``timeline``.

    ``recorded`` are the stretches in which the SFU records, on the timeline's clock: the first begins a recording
    (``started``), the last ends it (``stopped``), between them it is paused. None records from zero to the end.
    ``stopped`` false leaves the recording running at the end of the last stretch.
    """

    timeline: Timeline
    zero_s: float = ZERO_S
    recorded: tuple[Interval, ...] | None = None
    stopped: bool = True
    recording_id: str = "recording-1"
    session_id: str = "session-1"
    meeting_id: str = "meeting-1"
    title: str = "Synthetic meeting"
    device: Device = field(default_factory=Device)
    """For all participants but those in ``devices``."""
    devices: Mapping[str, Device] = field(default_factory=dict)
    """By participant's name."""
    events: tuple[Event, ...] = ()
    """More events for the journal; their ``time_s`` are wall-clock times."""
    seed: int = 0
    """Of everything random."""

    def __post_init__(self) -> None:
        names = {participant.name for participant in self.timeline.participants}
        if unknown := set(self.devices) - names:
            raise ValueError(f"devices of participants who are not in the timeline: {sorted(unknown)}")

    def wall_s(self, time_s: float) -> float:
        """The wall-clock time of an instant of the timeline."""
        return self.zero_s + time_s

    def stretches(self) -> tuple[Interval, ...]:
        """When the SFU records, on the timeline's clock."""
        return (Interval(0.0, self.timeline.duration_s),) if self.recorded is None else self.recorded

    def device_of(self, participant: Participant) -> Device:
        return self.devices.get(participant.name, self.device)
