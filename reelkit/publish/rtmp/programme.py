"""What goes out: the film while there is one, and something black and silent in its pauses, on one clock.

The stream's time is that of the meeting: a pause takes as long in it as it took. Pictures and sound leave the encoders
at different times; here they come into one order.
"""

from collections import deque
from collections.abc import Callable

from reelkit.publish.rtmp.filler import Filler
from reelkit.publish.rtmp.flv import Tag, avc_header, avc_picture, sound_header, sound_packet
from reelkit.render.config import RenderConfig
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ
from reelkit.render.sound_codec import SOUND_CODECS
from reelkit.render.tap import Encoded

_LEAD_S = 0.5
"""With something black a stream begins so long before the instant that it is to reach."""
_MOST_WAITING_S = 4.0
"""Pictures and sound wait no longer for each other than the slowest encoder takes."""


class Programme:
    """Puts packets into the order of their times and gives them to ``emit``."""

    def __init__(self, config: RenderConfig, filler: Filler, emit: Callable[[Tag], None]) -> None:
        self._config = config
        self._filler = filler
        self._emit = emit
        self._picture_s = 1 / config.video.fps
        codec = SOUND_CODECS[config.audio.codec]
        self._sound_s = codec.frame_samples / SAMPLE_RATE_HZ
        self._priming_s = codec.priming_samples / SAMPLE_RATE_HZ
        self._origin_s: float | None = None
        self._video_s: float | None = None
        """What the last picture shows."""
        self._audio_s: float | None = None
        """When the last packet of sound begins."""
        self._black = 0
        """How many black pictures there were since the last other one."""
        self._filled = False
        """Whether nothing of the film came since something black and silent."""
        self._videos: deque[tuple[float, Tag]] = deque()
        self._audios: deque[tuple[float, Tag]] = deque()
        self._described: dict[bytes, bytes] = {}
        """Sequence headers by description."""

    @property
    def reaches_s(self) -> float | None:
        """The wall-clock instant up to which there are pictures; None before the first."""
        return self._video_s

    def take(self, packet: Encoded) -> None:
        """Adds a packet of the film. What lies behind the stream is left out; after something black the picture comes
        back with a keyframe."""
        if self._filled and self._video_s is not None and packet.wall_s > self._video_s:
            # What was asked to be filled ended somewhat earlier.
            self.fill(packet.wall_s - self._picture_s / 2)
            self._filled = False
        if packet.kind == "audio":
            self._take_sound(packet)
        else:
            self._take_picture(packet)
        self._release()

    def fill(self, until_s: float) -> None:
        """Nothing is there to be shown up to the wall-clock instant ``until_s``, but for what was taken."""
        self._filled = True
        begin_s = until_s - _LEAD_S
        while (video_s := self._next(self._video_s, self._picture_s, begin_s)) <= until_s:
            self._add_black(video_s)
        while (audio_s := self._next(self._audio_s, self._sound_s, begin_s)) <= until_s:
            self._add_sound(audio_s, self._filler.silence, self._filler.audio_header)
        self._release()

    def flush(self) -> None:
        """Nothing follows."""
        self._release(everything=True)

    def _take_picture(self, packet: Encoded) -> None:
        if self._video_s is not None and packet.wall_s < self._video_s + self._picture_s / 2:
            return
        if not packet.keyframe and (self._black or self._video_s is None):
            # What it refers to was not shown.
            self._add_black(packet.wall_s)
            return
        self._black = 0
        header = self._header(packet.description, avc_header)
        self._add_picture(packet.wall_s, avc_picture(packet.data, keyframe=packet.keyframe), header, packet.keyframe)

    def _take_sound(self, packet: Encoded) -> None:
        if self._audio_s is not None and packet.wall_s < self._audio_s + self._sound_s / 2:
            return
        audio = self._config.audio
        header = self._header(packet.description, lambda description: sound_header(audio, description))
        self._add_sound(packet.wall_s, sound_packet(audio, packet.data), header)

    def _add_black(self, wall_s: float) -> None:
        body, keyframe = self._filler.black(self._black)
        self._black += 1
        self._add_picture(wall_s, body, self._filler.video_header, keyframe)

    def _add_picture(self, wall_s: float, body: bytes, header: bytes, keyframe: bool) -> None:
        self._video_s = wall_s
        self._videos.append((wall_s, Tag("video", self._stamp(wall_s), keyframe, body, header)))

    def _add_sound(self, wall_s: float, body: bytes, header: bytes) -> None:
        self._audio_s = wall_s
        self._audios.append((wall_s, Tag("audio", self._stamp(wall_s), False, body, header)))

    def _header(self, description: bytes, make: Callable[[bytes], bytes]) -> bytes:
        if description not in self._described:
            self._described[description] = make(description)
        return self._described[description]

    def _stamp(self, wall_s: float) -> int:
        """The stream's time. What decoders give before the film's first sample lies before its first picture."""
        if self._origin_s is None:
            self._origin_s = wall_s
        return max(0, round((wall_s - self._origin_s + self._priming_s) * 1_000))

    def _release(self, *, everything: bool = False) -> None:
        """Emits what no other packet can come before."""
        videos, audios = self._videos, self._audios
        while (videos or audios) and (everything or (videos and audios) or self._waits_too_long()):
            first = videos if videos and (not audios or videos[0][0] <= audios[0][0]) else audios
            self._emit(first.popleft()[1])

    def _waits_too_long(self) -> bool:
        waiting = self._videos or self._audios
        return waiting[-1][0] - waiting[0][0] > _MOST_WAITING_S

    @staticmethod
    def _next(last_s: float | None, step_s: float, begin_s: float) -> float:
        """When the next packet is due; after a gap in which nothing was sent, not long before what is to be reached."""
        return begin_s if last_s is None or last_s < begin_s - _MOST_WAITING_S else last_s + step_s
