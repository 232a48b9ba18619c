"""Examines a film segment by segment while it is made, so that little is left to do when it ends."""

from pathlib import Path

import av
import structlog
from pydantic import BaseModel, ConfigDict

from reelkit.publish.proof.decoding import DecodeLevel, PictureFindings, SoundDecoder, SoundFindings
from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.finished import Shapes
from reelkit.publish.proof.shape import PictureShape, SoundShape
from reelkit.publish.proof.stamps import StampState, TrackStamps
from reelkit.publish.proof.walk import WalkedTrack, sound_packets, walk
from reelkit.render.manifest import Manifest, Segment

log = structlog.get_logger(__name__)

STATE_FILE = "examined.json"
MANIFEST_FILE = "manifest.jsonl"
_WARM_UP_PACKETS = 10
"""Packets before a segment that a new decoder is given; those of MP3 refer back to about that many."""


class _State(BaseModel):
    """What an examiner knows; JSON-able."""

    model_config = ConfigDict(extra="forbid")

    level: DecodeLevel
    next: int
    """Index of the next segment."""
    last_file: tuple[int, int] | None
    """Size and time of the last segment's file."""
    examined: int
    video: StampState
    audio: StampState
    pictures: PictureFindings
    sound: SoundFindings
    picture_shape: PictureShape | None
    sound_shape: SoundShape | None
    findings: Findings


class Examiner:
    """Examines the segments of one job in order; what it knows lies in ``job_dir`` after each of them, so that one that
    takes its place does not begin anew."""

    def __init__(self, job_dir: Path, level: DecodeLevel, fps: int) -> None:
        self._job_dir = job_dir
        self._level = level
        self._fps = fps
        self.level = level
        self.segments = 0
        """Of the film so far."""
        self.examined = 0
        self.video = WalkedTrack()
        self.audio = WalkedTrack()
        self.findings = Findings()
        self._next = 0
        self._last_file: tuple[int, int] | None = None
        self._sound: SoundDecoder | None = None
        self._previous: Path | None = None
        self._restore()

    @property
    def shapes(self) -> Shapes:
        """How the segments are encoded."""
        picture, sound = self.video.shape, self.audio.shape
        return Shapes(
            picture if isinstance(picture, PictureShape) else None, sound if isinstance(sound, SoundShape) else None
        )

    def take(self, segment: Segment) -> None:
        """The film goes on with ``segment``, which may have been examined before.

        What cannot be examined is a finding, not an error. Raises OSError if notes cannot be kept.
        """
        self.segments = segment.index + 1
        path = self._job_dir / segment.file
        if segment.index < self._next:
            if segment.index == self._next - 1 and _identity(path) != self._last_file:
                self._begin_anew(segment.index)
            if segment.index < self._next:
                self._previous = path
                return
        if not path.is_file():
            # Another examiner's notes were lost in a crash, and segments that are in the film may be deleted.
            self._next = segment.index + 1
            return
        if self._level != "none" and self._sound is None and self._previous is not None:
            self._warm_up(self._previous)
        try:
            self._sound = walk(
                path,
                level=self._level,
                video=self.video,
                audio=self.audio,
                findings=self.findings,
                sound=self._sound,
                fps=self._fps,
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            self.findings.add(f"segment {segment.index} cannot be read: {error}")
        else:
            self.examined += 1
        self._previous = path
        self._next = segment.index + 1
        self._last_file = _identity(path)
        self._keep()

    def _begin_anew(self, index: int) -> None:
        """A segment that was examined was lost, and is another now: examines all before it again."""
        self.examined = self._next = 0
        self.video, self.audio, self.findings = WalkedTrack(), WalkedTrack(), Findings()
        self._last_file = self._sound = self._previous = None
        for segment in Manifest(self._job_dir / MANIFEST_FILE).read()[:index]:
            self.take(segment)

    def _warm_up(self, path: Path) -> None:
        """A decoder that heard what comes before finds the same as one that heard everything."""
        try:
            with av.open(path) as container:
                if container.streams.audio:
                    stream = container.streams.audio[0]
                    self._sound = SoundDecoder(stream.codec_context, self.audio.sound)
                    self._sound.warm_up(sound_packets(container, stream)[-_WARM_UP_PACKETS:])
        except (av.FFmpegError, OSError, ValueError) as error:
            log.info("a decoder begins without what comes before", reason=str(error))

    def _keep(self) -> None:
        state = _State(
            level=self._level,
            next=self._next,
            last_file=self._last_file,
            examined=self.examined,
            video=self.video.stamps.state(),
            audio=self.audio.stamps.state(),
            pictures=self.video.pictures,
            sound=self.audio.sound,
            picture_shape=self.shapes.picture,
            sound_shape=self.shapes.sound,
            findings=self.findings,
        )
        # Not synced: after a power cut an older state, or none, only costs time.
        part = self._job_dir / f"{STATE_FILE}.part"
        part.write_text(state.model_dump_json())
        part.replace(self._job_dir / STATE_FILE)

    def _restore(self) -> None:
        try:
            state = _State.model_validate_json((self._job_dir / STATE_FILE).read_bytes())
            chains = TrackStamps(state.video), TrackStamps(state.audio)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            # Without them the segments are examined again.
            log.warning("the notes of an earlier examiner cannot be read", reason=str(error))
            return
        if state.level != self._level:
            return
        self._next, self.examined, self.findings = state.next, state.examined, state.findings
        self._last_file = state.last_file
        self.video = WalkedTrack(chains[0], state.pictures, shape=state.picture_shape)
        self.audio = WalkedTrack(chains[1], sound=state.sound, shape=state.sound_shape)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
