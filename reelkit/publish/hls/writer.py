"""The film in pieces for HTTP Live Streaming, in one compressed tar that grows with the recording.

Three segments make a piece. A piece is written when the segment behind it has come, which has the last packets of the
piece's sound: so pictures and sound of every piece begin and end together.
"""

from fractions import Fraction
from pathlib import Path

import structlog

from reelkit.publish.delivered import DeliveredFile, DeliveredKind
from reelkit.publish.errors import FilmError
from reelkit.publish.fragment import Fragment, Track, read_fragment
from reelkit.publish.hls.archive import Archive
from reelkit.publish.hls.cue import Cue
from reelkit.publish.hls.cue_feed import CueFeed
from reelkit.publish.hls.cue_files import CaptionsFile, CuesFile
from reelkit.publish.hls.id3 import text_tag
from reelkit.publish.hls.playlist import Piece, media_playlist
from reelkit.publish.hls.transport_stream import Sample, Tag, TransportStream, samples, ticks
from reelkit.publish.upload.growth import Growth
from reelkit.render.config import RenderConfig
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ
from reelkit.render.encoder_video import TICKS_PER_FRAME
from reelkit.render.formats import Container, content_type
from reelkit.render.manifest import Segment
from reelkit.render.segment import priming_ticks
from reelkit.render.sound_codec import SOUND_CODECS

log = structlog.get_logger(__name__)

SEGMENTS_PER_PIECE = 3
"""9.6 seconds: RealtimeKit's pieces last about ten."""
PLAYLIST_FILE = "index.m3u8"
CAPTIONS_FILE = "cues.vtt"
CUES_FILE = "cues.json"
"""In the tar and in the job's directory."""


def piece_name(index: int) -> str:
    """What a piece is called in the tar."""
    return f"segment_{index:05d}.ts"


class HlsWriter:
    """Joins segments, given in order, to a tar at ``path`` and puts the metadata beside it, all by way of ``.part``
    files. No packet of pictures or sound is changed.

    The messages come from the journal in ``capture_dir``: when a segment is committed, all are there that belong before
    its end, because the renderer keeps a distance from the meeting.
    """

    def __init__(self, path: Path, capture_dir: Path, config: RenderConfig) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self.path = path
        self._config = config
        self._fps = config.video.fps
        self._codec = SOUND_CODECS[config.audio.codec]
        self._feed = CueFeed(capture_dir, config, path.parent)
        self._archive = Archive(path)
        self._captions = CaptionsFile(path.with_name(CAPTIONS_FILE))
        self._cues = CuesFile(path.with_name(CUES_FILE))
        self._stream: TransportStream | None = None
        self._pictures: list[Sample] = []
        self._sound: list[Sample] = []
        """What is in no piece yet."""
        self._pieces: list[Piece] = []
        self._segments = 0
        self._frames = 0
        self._packets = 0
        """Of sound."""
        self._piece_start = 0
        """The first frame that is in no piece."""

    def append(self, file: Path, segment: Segment) -> None:
        """Adds the next segment. Raises FilmError if it does not follow the last one, OSError."""
        fragment = read_fragment(file)
        video = self._checked(fragment, segment)
        if self._stream is None:
            self._stream = TransportStream(file)
        self._take_sound(fragment)
        if self._segments % SEGMENTS_PER_PIECE == 0 and self._segments:
            self._write_piece(self._stream, self._feed.until(self._frames / self._fps))
        self._take_pictures(fragment, video)
        self._segments += 1
        self._frames += segment.frames

    def growths(self) -> list[Growth]:
        """What can be read of the tar, which has no head. Raises OSError."""
        return [self._archive.growth()]

    def finish(self) -> None:
        """Puts the files in their places, durably. The time this takes does not depend on the film's length, but for
        what the messages take that are written once more into the tar. Raises FilmError if there is no segment,
        OSError."""
        if self._stream is None:
            raise FilmError("a film needs at least one segment", film=self.path)
        duration_s = self._frames / self._fps
        self._write_piece(self._stream, self._feed.rest(duration_s), last=True)
        self._captions.end(duration_s)
        self._cues.end(duration_s, self._feed.closed_s)
        self._archive.add(PLAYLIST_FILE, media_playlist(self._pieces).encode())
        self._archive.add(CAPTIONS_FILE, self._captions.content())
        self._archive.add(CUES_FILE, self._cues.content())
        self._captions.keep()
        self._cues.keep()
        self._archive.keep()
        self._stream.close()
        log.info("finished the pieces of a film", path=str(self.path), pieces=len(self._pieces), duration_s=duration_s)

    def discard(self) -> None:
        """Gives up what is not finished. Raises OSError."""
        if self._stream is not None:
            self._stream.close()
        try:
            self._archive.discard()
        finally:
            self._captions.discard()
            self._cues.discard()

    def extras(self) -> tuple[DeliveredFile, ...]:
        """What lies beside the finished tar."""
        return self._extra("captions", "vtt", CAPTIONS_FILE, ".vtt"), self._extra(
            "cues", "json", CUES_FILE, ".cues.json"
        )

    def _extra(self, kind: DeliveredKind, container: Container, file: str, ending: str) -> DeliveredFile:
        path = self.path.with_name(file)
        return DeliveredFile(
            kind=kind,
            path=path,
            size_bytes=path.stat().st_size,
            duration_s=self._frames / self._fps,
            container=container,
            content_type=content_type(container),
            name=self._config.metadata.name + ending,
        )

    def _checked(self, fragment: Fragment, segment: Segment) -> Track:
        video, audio = fragment.video, fragment.audio
        if (
            video is None
            or segment.index != self._segments
            or segment.first_frame != self._frames
            or len(video.sizes) != segment.frames
            or video.timescale_hz != TICKS_PER_FRAME * self._fps
            or video.start - priming_ticks(self._codec, self._fps) != segment.first_frame * TICKS_PER_FRAME
            or video.sync[:1] != [True]
            or audio.timescale_hz != SAMPLE_RATE_HZ
            or audio.start != self._packets * self._codec.frame_samples
        ):
            raise FilmError("a segment does not follow the one before it", segment=segment.index, file=segment.file)
        return video

    def _take_pictures(self, fragment: Fragment, track: Track) -> None:
        times = (ticks(Fraction(self._frames + number, self._fps)) for number in range(len(track.sizes)))
        self._pictures += samples(track.sizes, fragment.samples(track), times, track.sync)

    def _take_sound(self, fragment: Fragment) -> None:
        track, codec = fragment.audio, self._codec
        starts = (
            (self._packets + number) * codec.frame_samples - codec.priming_samples for number in range(len(track.sizes))
        )
        times = (ticks(Fraction(start, SAMPLE_RATE_HZ)) for start in starts)
        self._sound += samples(track.sizes, fragment.samples(track), times, (True for _ in track.sizes))
        self._packets += len(track.sizes)

    def _write_piece(self, stream: TransportStream, cues: list[Cue], *, last: bool = False) -> None:
        """Everything up to the last frame of the segments, and with ``last`` the sound behind it."""
        stop = ticks(Fraction(self._frames, self._fps))
        # What only leads up to the film's first sound is left out: a player's clock would begin with it.
        sound = [each for each in self._sound if each.time >= 0 and (last or each.time < stop)]
        self._sound = [] if last else [each for each in self._sound if each.time >= stop]
        tags = [Tag(ticks(cue.film_s), text_tag(cue.text)) for cue in cues if cue.in_stream]
        piece = Piece(piece_name(len(self._pieces)), (self._frames - self._piece_start) / self._fps)
        self._archive.add(piece.name, stream.piece(self._pictures, sound, tags), media=True)
        for cue in cues:
            self._captions.add(cue)
            self._cues.add(cue)
        self._pieces.append(piece)
        self._pictures = []
        self._piece_start = self._frames
