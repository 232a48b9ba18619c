"""Delivered files that are no media files: an archive of pieces of a film, and what is beside it."""

import hashlib

from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.proof.examiner import Examiner
from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.record import AudioTrack, File, VideoTrack
from reelkit.render.config import RenderConfig


def describe_apart(
    file: DeliveredFile, config: RenderConfig, frames: int, examiner: Examiner, findings: Findings
) -> File | None:
    """What is told of an archive's media is what was found in the segments, whose packets it holds unchanged: a look
    into a long film's archive would hold up its delivery. Text is read whole, as nothing else tells its digest."""
    if file.kind == "hls":
        return _archive(file, config, frames, examiner)
    try:
        sha256 = hashlib.sha256(file.path.read_bytes()).hexdigest()
    except OSError as error:
        findings.add(f"{file.path.name} cannot be read: {error}")
        return None
    return _described(file).model_copy(update={"name": file.name, "sha256": sha256})


def _archive(file: DeliveredFile, config: RenderConfig, frames: int, examiner: Examiner) -> File:
    shapes, duration_s = examiner.shapes, round(frames / config.video.fps, 6)
    video = audio = None
    if shapes.picture is not None:
        video = VideoTrack(
            **shapes.picture.model_dump(),
            frames=frames,
            keyframes=None,
            start_s=0.0,
            duration_s=duration_s,
            bit_rate_bps=None,
        )
    if shapes.sound is not None:
        audio = AudioTrack(
            **shapes.sound.model_dump(), packets=None, start_s=0.0, duration_s=duration_s, bit_rate_bps=None
        )
    return _described(file).model_copy(update={"walked": "segments", "video": video, "audio": audio})


def _described(file: DeliveredFile) -> File:
    return File(
        kind=file.kind,
        container=file.container,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        duration_s=round(file.duration_s, 6),
        walked="none",
    )
