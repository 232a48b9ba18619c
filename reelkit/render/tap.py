"""What a film is made of, handed on as soon as it leaves the encoders: a live stream cannot wait for whole segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from reelkit.render.config import RenderConfig
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ
from reelkit.render.encoder_video import Packets
from reelkit.render.sound_codec import SOUND_CODECS
from reelkit.render.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Encoded:
    """One packet of the film.

    The packets of each kind come in order and are exactly those of the film: the sound that an encoder is only given so
    that segments fit together is not among them.
    """

    kind: Literal["video", "audio"]
    wall_s: float
    """The wall-clock instant that it shows, or at which it is heard first."""
    keyframe: bool
    data: bytes
    """H264 with start codes (Annex B); of AAC the frame without any header; of MP3 the frame."""
    description: bytes
    """What a decoder has to know first: of H264 the parameter sets with start codes, of AAC the AudioSpecificConfig."""


class Tap(Protocol):
    """Takes packets while a film is rendered. Its methods neither block nor raise: the film does not know of it."""

    def take(self, packets: Sequence[Encoded]) -> None:
        """The next packets."""

    def idle(self, until_s: float) -> None:
        """Nothing is recorded from the end of the last stretch up to this wall-clock instant, and all before it was
        taken but for what is left in the encoders."""


class Tee:
    """Tells ``tap`` what the encoders of a film give, and when it is seen and heard."""

    def __init__(self, tap: Tap, timeline: Timeline, config: RenderConfig) -> None:
        """``timeline`` is extended by others."""
        self._tap = tap
        self._timeline = timeline
        self._fps = config.video.fps
        self._priming = SOUND_CODECS[config.audio.codec].priming_samples

    def video(self, packets: Packets, description: bytes) -> None:
        """Packets whose time stamps are numbers of frames."""
        self._tap.take(
            [
                Encoded(
                    "video",
                    self._timeline.wall_at((packet.pts or 0) / self._fps),
                    packet.is_keyframe,
                    bytes(packet),
                    description,
                )
                for packet in packets
            ]
        )

    def audio(self, packets: Packets, description: bytes) -> None:
        """Packets whose time stamps are the samples before theirs, the priming included."""
        self._tap.take(
            [
                Encoded(
                    "audio",
                    self._timeline.wall_at(((packet.pts or 0) - self._priming) / SAMPLE_RATE_HZ),
                    True,
                    bytes(packet),
                    description,
                )
                for packet in packets
            ]
        )

    def idle(self, ready_s: float) -> None:
        """The film is made up to the wall-clock instant ``ready_s``; tells the tap if that lies in a pause."""
        stretches = self._timeline.stretches
        if not stretches or self._timeline.ended or ready_s <= stretches[0].start_s:
            return
        if not any(each.start_s <= ready_s and (each.end_s is None or ready_s <= each.end_s) for each in stretches):
            self._tap.idle(ready_s)
