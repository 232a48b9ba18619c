"""Looks at a finished file as a whole: what its container says, and whether its packets are all there.

An MP4's index names every packet, so that a look at the index tells of all of them. Other containers are walked from
end to end, unless they are so large that this would hold up their delivery: then both ends are.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.record import AudioTrack, Stamps, VideoTrack
from reelkit.publish.proof.stamps import TrackStamps
from reelkit.publish.proof.walk import Streams, WalkedTrack, walk

_WALKED_BYTES = 256 << 20
"""A larger file without an index of its packets is looked at at its ends alone; this takes a second."""
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


def look_at(path: Path, container: str, findings: Findings) -> Finished:
    """Looks at a file of that container without decoding it. Raises OSError (av.FFmpegError) if it is none."""
    size = path.stat().st_size
    if container in _INDEXED:
        with av.open(path) as opened:
            found = _by_index(opened, size, findings)
        check_ends(found, findings)
        return found
    video, audio = WalkedTrack(), WalkedTrack()
    if size <= _WALKED_BYTES:
        walk(path, level="none", video=video, audio=audio, findings=findings)
        with av.open(path) as opened:
            found = described(opened, size, "whole", video.stamps, audio.stamps)
    else:
        with av.open(path) as opened:
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
    pictures = None if streams.video is None else _video(streams.video, video, whole=whole)
    sound = None if streams.audio is None else _audio(streams.audio, audio, whole=whole)
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


def _by_index(opened: InputContainer, size: int, findings: Findings) -> Finished:
    streams = Streams.of(opened)
    video, audio = TrackStamps(), TrackStamps()
    if streams.video is not None:
        _read_index(streams.video, size, float(1 / Fraction(streams.video.average_rate or 30)), video, findings)
    if streams.audio is not None:
        _read_index(streams.audio, size, None, audio, findings)
    found = described(opened, size, "index", video, audio)
    return Finished(
        size_bytes=size,
        duration_s=found.duration_s,
        walked="index",
        video=found.video and found.video.model_copy(update={"keyframes": video.keyframes}),
        audio=found.audio and found.audio.model_copy(update={"packets": audio.packets}),
        video_bytes=video.media_bytes if found.video else None,
        audio_bytes=audio.media_bytes if found.audio else None,
    )


def _read_index(stream: Stream, size: int, step_s: float | None, stamps: TrackStamps, findings: Findings) -> None:
    """Takes the stamps from the index of a track. ``step_s`` is the distance of pictures; sound's is what most have."""
    entries = list(stream.index_entries)
    if not entries:
        return
    base = float(stream.time_base or 0)
    times_s = np.array([entry.timestamp for entry in entries], np.float64) * base
    stamps.packets = len(entries)
    stamps.media_bytes = sum(entry.size for entry in entries)
    stamps.keyframes = sum(entry.is_keyframe for entry in entries)
    beyond = sum(entry.pos + entry.size > size for entry in entries)
    if beyond:
        findings.add(f"the file is cut off: {beyond} packets of its {stream.type} lie behind its end")
    steps = np.diff(times_s)
    usual_s = step_s or (float(np.median(steps)) if len(steps) else 0.0)
    stamps.first_s, stamps.last_s = float(times_s[0]), float(times_s[-1])
    stamps.end_s = stamps.last_s + usual_s
    stamps.duplicate = int(np.count_nonzero(steps == 0))
    stamps.backwards = int(np.count_nonzero(steps < 0))
    if usual_s:
        gaps = np.round(steps / usual_s).astype(int) - 1
        stamps.missing = int(gaps[gaps > 0].sum()) if stream.type == "video" else int(np.count_nonzero(gaps > 0))
    if stamps.duplicate or stamps.backwards or stamps.missing:
        at_s = float(times_s[np.flatnonzero((steps <= 0) | (steps > 1.5 * usual_s))[0]])
        findings.add(f"the time stamps of the {stream.type} do not follow each other, first behind {at_s:.3f} s")


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
    for stream in chosen:
        end_s = stamps[stream.index].end_s or 0.0
        if end_s < seconds - 1.0:
            findings.add(f"the {stream.type} ends at {end_s:.3f} s of {seconds:.3f} s")
    empty = TrackStamps()
    return described(
        opened,
        size,
        "ends",
        stamps[streams.video.index] if streams.video else empty,
        stamps[streams.audio.index] if streams.audio else empty,
    )


def _video(stream: VideoStream, stamps: TrackStamps, *, whole: bool) -> VideoTrack:
    context = stream.codec_context
    return VideoTrack(
        codec=context.codec.canonical_name,
        profile=context.profile,
        width_px=context.width,
        height_px=context.height,
        pixel_format=context.pix_fmt,
        fps=round(float(stream.average_rate or stream.guessed_rate or 0), 3),
        frames=stamps.packets or stream.frames,
        keyframes=stamps.keyframes if whole else None,
        start_s=round(stamps.first_s or 0.0, 6),
        duration_s=round(stamps.duration_s, 6),
        bit_rate_bps=_bit_rate_bps(stamps),
        stamps=_stamps(stamps),
        media_sha256=stamps.chain.hex() if whole else None,
    )


def _audio(stream: AudioStream, stamps: TrackStamps, *, whole: bool) -> AudioTrack:
    context = stream.codec_context
    return AudioTrack(
        codec=context.codec.canonical_name,
        profile=context.profile,
        sample_rate_hz=context.sample_rate,
        channels=context.layout.nb_channels,
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
