"""Looks at a finished file as a whole: what its container says, and whether its packets are all there.

An MP4's index names every packet, so that a look at the index tells of all of them. Other containers are walked from
end to end, unless they are so large that this would hold up their delivery: then both ends are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import av
from av.container import InputContainer

from reelkit.publish.errors import FilmError
from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.mp4_index import IndexedTrack, read_index
from reelkit.publish.proof.record import AudioTrack, Stamps, VideoTrack
from reelkit.publish.proof.shape import PictureShape, SoundShape
from reelkit.publish.proof.stamps import TrackStamps
from reelkit.publish.proof.walk import Streams, WalkedTrack, walk

_WALKED_BYTES = 128 << 20
_WALKED_S = 900.0
"""A larger or longer file without an index of its packets is looked at at its ends alone: a walk through as much takes
half a second of a processor, for which the delivery waits."""
_END_S = 10.0
_EARLY_S = 0.25
"""How much earlier than the container says a track may end: less than this is a packet or two."""
_INDEXED = frozenset({"mp4", "m4a", "mov"})

Walked = Literal["whole", "index", "ends"]


@dataclass(frozen=True)
class Finished:
    """What was found in a finished file."""

    size_bytes: int
    duration_s: float
    walked: Walked
    video: VideoTrack | None
    audio: AudioTrack | None
    video_bytes: int | None
    """Of encoded pictures; None if they were not all counted."""
    audio_bytes: int | None


@dataclass(frozen=True)
class Shapes:
    """How a file's tracks are encoded."""

    picture: PictureShape | None
    sound: SoundShape | None

    @classmethod
    def of(cls, opened: InputContainer) -> Self:
        """Those of an open file."""
        streams = Streams.of(opened)
        return cls(
            None if streams.video is None else PictureShape.of(streams.video),
            None if streams.audio is None else SoundShape.of(streams.audio),
        )


def look_at(path: Path, container: str, findings: Findings, shapes: Shapes | None = None) -> Finished:
    """Looks at a file of that container without decoding it. ``shapes`` are those of the segments that it was made of,
    if they are known: then an MP4 has not to be opened by FFmpeg. Raises av.FFmpegError and OSError if it is none."""
    size = path.stat().st_size
    if container in _INDEXED:
        found = _by_index(path, size, shapes, findings)
    else:
        with av.open(path) as opened:
            seconds = opened.duration / av.time_base if opened.duration else 0.0
            if size <= _WALKED_BYTES and seconds <= _WALKED_S:
                video, audio = WalkedTrack(), WalkedTrack()
                walk(path, level="none", video=video, audio=audio, findings=findings)
                found = described(opened, size, "whole", video.stamps, audio.stamps)
            else:
                found = _by_ends(opened, size)
    check_ends(found, findings)
    return found


def check_ends(found: Finished, findings: Findings) -> None:
    """A file that was cut off may still tell how long it once was."""
    tracks: tuple[tuple[str, VideoTrack | AudioTrack | None], ...] = (("picture", found.video), ("sound", found.audio))
    for what, track in tracks:
        if track is None:
            continue
        end_s = track.start_s + track.duration_s
        if end_s < found.duration_s - _EARLY_S:
            findings.add(f"the {what} ends at {end_s:.3f} s of {found.duration_s:.3f} s")


def described(
    opened: InputContainer, size_bytes: int, walked: Walked, video: TrackStamps, audio: TrackStamps
) -> Finished:
    """An open file with what a walk through its packets found."""
    streams = Streams.of(opened)
    whole = walked == "whole"
    pictures = None if streams.video is None else _video(PictureShape.of(streams.video), video, whole=whole)
    sound = None if streams.audio is None else _audio(SoundShape.of(streams.audio), audio, whole=whole)
    ends = [track.start_s + track.duration_s for track in (pictures, sound) if track is not None]
    duration_s = opened.duration / av.time_base if opened.duration else max(ends, default=0.0)
    return Finished(
        size_bytes=size_bytes,
        duration_s=round(duration_s, 6),
        walked=walked,
        video=pictures,
        audio=sound,
        video_bytes=video.media_bytes if whole and pictures else None,
        audio_bytes=audio.media_bytes if whole and sound else None,
    )


def _by_index(path: Path, size: int, shapes: Shapes | None, findings: Findings) -> Finished:
    if shapes is None:
        with av.open(path) as opened:
            shapes = Shapes.of(opened)
    try:
        index = read_index(path)
    except FilmError as error:
        raise OSError(f"{error.message}") from error
    pictures = sound = None
    if index.video is not None and shapes.picture is not None:
        shape = shapes.picture.model_copy(update={"fps": round(index.video.fps, 3)})
        pictures = _video(shape, _stamps_of(index.video, "picture", findings), whole=False)
        pictures.frames, pictures.keyframes = index.video.packets, index.video.keyframes
    if index.audio is not None and shapes.sound is not None:
        sound = _audio(shapes.sound, _stamps_of(index.audio, "sound", findings), whole=False)
        sound.packets = index.audio.packets
    return Finished(
        size_bytes=size,
        duration_s=round(index.duration_s, 6),
        walked="index",
        video=pictures,
        audio=sound,
        video_bytes=None if index.video is None else index.video.media_bytes,
        audio_bytes=None if index.audio is None else index.audio.media_bytes,
    )


def _stamps_of(track: IndexedTrack, what: str, findings: Findings) -> TrackStamps:
    """What a walk would have found."""
    if track.beyond:
        findings.add(f"the file is cut off: {track.beyond} packets of the {what} lie behind its end")
    if track.first_fault_s is not None:
        findings.add(
            f"the time stamps of the {what} do not follow each other, first behind {track.first_fault_s:.3f} s"
        )
    stamps = TrackStamps()
    stamps.packets, stamps.keyframes, stamps.media_bytes = track.packets, track.keyframes, track.media_bytes
    stamps.first_s, stamps.end_s = track.start_s, track.start_s + track.duration_s
    stamps.missing, stamps.duplicate = track.missing, track.duplicate
    return stamps


def _by_ends(opened: InputContainer, size: int) -> Finished:
    """The last seconds are enough to see that the file is complete."""
    streams = Streams.of(opened)
    chosen = [stream for stream in (streams.video, streams.audio) if stream is not None]
    stamps = {stream.index: TrackStamps() for stream in chosen}
    seconds = opened.duration / av.time_base if opened.duration else 0.0

    def take(until_s: float) -> None:
        for packet in opened.demux(chosen):
            if packet.pts is None or not packet.size:
                continue
            time_s = float(packet.pts * packet.time_base)
            track = stamps[packet.stream.index]
            track.first_s = time_s if track.first_s is None else track.first_s
            track.last_s = time_s
            track.end_s = time_s + float((packet.duration or 0) * packet.time_base)
            if time_s > until_s:
                return

    take(_END_S)
    opened.seek(max(0, round((seconds - _END_S) * av.time_base)))
    take(float("inf"))
    empty = TrackStamps()
    return described(
        opened,
        size,
        "ends",
        stamps[streams.video.index] if streams.video else empty,
        stamps[streams.audio.index] if streams.audio else empty,
    )


def _video(shape: PictureShape, stamps: TrackStamps, *, whole: bool) -> VideoTrack:
    return VideoTrack(
        **shape.model_dump(),
        frames=stamps.packets if whole else None,
        keyframes=stamps.keyframes if whole else None,
        start_s=round(stamps.first_s or 0.0, 6),
        duration_s=round(stamps.duration_s, 6),
        bit_rate_bps=_bit_rate_bps(stamps),
        stamps=_stamps(stamps),
        media_sha256=stamps.chain.hex() if whole else None,
    )


def _audio(shape: SoundShape, stamps: TrackStamps, *, whole: bool) -> AudioTrack:
    return AudioTrack(
        **shape.model_dump(),
        packets=stamps.packets if whole else None,
        start_s=round(stamps.first_s or 0.0, 6),
        duration_s=round(stamps.duration_s, 6),
        bit_rate_bps=_bit_rate_bps(stamps),
        stamps=_stamps(stamps),
        media_sha256=stamps.chain.hex() if whole else None,
    )


def _stamps(found: TrackStamps) -> Stamps:
    return Stamps(missing=found.missing, duplicate=found.duplicate, backwards=found.backwards)


def _bit_rate_bps(found: TrackStamps) -> int | None:
    return round(8 * found.media_bytes / found.duration_s) if found.duration_s and found.media_bytes else None
