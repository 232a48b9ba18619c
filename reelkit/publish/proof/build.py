"""Puts a record of integrity together at the end of a job."""

import math
from collections.abc import Sequence
from pathlib import Path

import av
import structlog

import reelkit
from reelkit.capture.errors import CaptureError
from reelkit.capture.events import Event
from reelkit.capture.journal import JournalReader
from reelkit.capture.layout import JOURNAL_FILE
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.proof.apart import describe_apart
from reelkit.publish.proof.examiner import Examiner
from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.finished import Finished, look_at
from reelkit.publish.proof.gaps import gaps_of
from reelkit.publish.proof.people import participants
from reelkit.publish.proof.record import MAX_PARTICIPANTS, Decoded, File, Film, Gaps, IntegrityRecord, Page, Participant
from reelkit.render.config import RenderConfig
from reelkit.render.report import PageReport, RenderReport
from reelkit.render.timeline import Timeline

log = structlog.get_logger(__name__)

_DURATION_S = 0.1
"""A container may tell a duration that differs by some packets."""
_RATE_HZ = 48_000
_MEDIA = frozenset({"mp4", "webm", "m4a", "mp3", "ogg"})
"""Containers that are looked at when they are finished."""


def build_record(
    *,
    config: RenderConfig,
    capture_dir: Path,
    files: Sequence[DeliveredFile],
    frames: int,
    report: RenderReport,
    examiner: Examiner,
    error: str | None = None,
) -> IntegrityRecord:
    """The record of a job that ended with ``files``, because of ``error`` if it did not end well.

    ``report`` may be that of a renderer that was given up. What cannot be found out is missing in the record, and said.
    """
    findings = examiner.findings.model_copy(deep=True)
    described = [
        _file(file, config, frames, examiner, findings)
        if file.container in _MEDIA
        else describe_apart(file, config, frames, examiner, findings)
        for file in files
    ]
    events = _events(capture_dir, findings)
    timeline = _timeline(config, events)
    of_page = config.source == "page"
    people = [] if of_page else participants(events, timeline.stretches, report.streams, report.pictures, report.tracks)
    return IntegrityRecord(
        reelkit=reelkit.__version__,
        recording_id=config.recording_id,
        whole=error is None,
        error=error,
        files=[file for file in described if file is not None],
        film=_film(timeline, frames, report),
        decoded=_decoded(examiner, findings),
        loudness=report.loudness,
        gaps=_gaps(events, timeline, capture_dir, findings, (report.page or PageReport()) if of_page else None),
        page=_page(report.page),
        participants=people[:MAX_PARTICIPANTS],
        participants_left_out=max(0, len(people) - MAX_PARTICIPANTS),
        av_skew_worst_ms=_worst_skew_ms(people),
    )


def _events(capture_dir: Path, findings: Findings) -> list[Event]:
    try:
        return JournalReader(capture_dir / JOURNAL_FILE).poll()
    except (OSError, CaptureError) as error:
        findings.add(f"the capture's journal cannot be read: {error}")
        return []


def _timeline(config: RenderConfig, events: Sequence[Event]) -> Timeline:
    timeline = Timeline.of(config)
    timeline.extend(events)
    if events:
        timeline.finish(events[-1].time_s)
    return timeline


def _page(report: PageReport | None) -> Page | None:
    return None if report is None else Page.model_validate(report.model_dump(exclude={"outages"}))


def _gaps(
    events: Sequence[Event], timeline: Timeline, capture_dir: Path, findings: Findings, page: PageReport | None
) -> Gaps:
    try:
        return gaps_of(events, timeline, capture_dir, page)
    except OSError as error:
        findings.add(f"the capture's packet files cannot be read: {error}")
        return Gaps()


def _film(timeline: Timeline, frames: int, report: RenderReport) -> Film:
    stretches = timeline.stretches
    return Film(
        duration_s=round(frames / timeline.fps, 6),
        frames=frames,
        fps=timeline.fps,
        stretches=len(stretches),
        started_wall_s=stretches[0].start_s if stretches else None,
        ended_wall_s=stretches[-1].end_s if stretches else None,
        lag_max_s=round(report.lag_max_s, 3),
    )


def _file(
    file: DeliveredFile, config: RenderConfig, frames: int, examiner: Examiner, findings: Findings
) -> File | None:
    try:
        found = look_at(file.path, file.container, findings, examiner.shapes if examiner.examined else None)
    except (av.FFmpegError, OSError, ValueError) as error:
        findings.add(f"{file.path.name} cannot be read: {error}")
        return None
    _compare(file, found, config, frames, examiner, findings)
    video, audio = found.video, found.audio
    if video is not None and found.video_bytes == examiner.video.stamps.media_bytes and examiner.video.stamps.packets:
        video = video.model_copy(update={"media_sha256": examiner.video.stamps.chain.hex()})
    if audio is not None and found.audio_bytes == examiner.audio.stamps.media_bytes and examiner.audio.stamps.packets:
        audio = audio.model_copy(update={"media_sha256": examiner.audio.stamps.chain.hex()})
    return File(
        kind=file.kind,
        container=file.container,
        content_type=file.content_type,
        size_bytes=found.size_bytes,
        duration_s=found.duration_s,
        walked=found.walked,
        video=video,
        audio=audio,
    )


def _compare(
    file: DeliveredFile, found: Finished, config: RenderConfig, frames: int, examiner: Examiner, findings: Findings
) -> None:
    """Whether the file is what was rendered."""
    name = file.path.name
    wanted_s = frames / config.video.fps
    if abs(found.duration_s - wanted_s) > _DURATION_S:
        findings.add(f"{name} lasts {found.duration_s:.3f} s instead of {wanted_s:.3f} s")
    if file.kind == "video" and found.video is None:
        findings.add(f"{name} has no picture")
    if found.audio is None:
        findings.add(f"{name} has no sound")
    if found.video is not None:
        size = (found.video.width_px, found.video.height_px)
        if size != (config.video.width_px, config.video.height_px):
            findings.add(f"{name} is {size[0]}x{size[1]} instead of {config.video.width_px}x{config.video.height_px}")
        if found.video.frames not in {None, frames}:
            findings.add(f"{name} has {found.video.frames} pictures instead of {frames}")
        complete = examiner.examined == examiner.segments
        if complete and found.video_bytes not in {None, examiner.video.stamps.media_bytes}:
            findings.add(f"{name} holds other pictures than its segments")
    if found.audio is not None and found.audio.channels != config.audio.channels:
        findings.add(f"{name} has {found.audio.channels} channels of sound instead of {config.audio.channels}")


def _decoded(examiner: Examiner, findings: Findings) -> Decoded:
    pictures, sound = examiner.video.pictures, examiner.audio.sound
    keyframes = pictures.keyframes
    return Decoded(
        level=examiner.level,
        segments=examiner.segments,
        segments_examined=examiner.examined,
        frames=pictures.decoded,
        frame_errors=pictures.errors,
        sound_s=round(sound.samples / _RATE_HZ, 3),
        sound_errors=sound.errors,
        black_share=round(pictures.black / keyframes, 4) if keyframes else None,
        still_share=round(pictures.still / keyframes, 4) if keyframes else None,
        sound_peak_dbfs=round(20 * math.log10(sound.peak), 2) if sound.peak > 0 else None,
        sound_clipped_samples=sound.clipped,
        problems=findings.sentences,
        problems_left_out=findings.left_out,
    )


def _worst_skew_ms(people: Sequence[Participant]) -> float | None:
    found = [person.av_skew for person in people if person.av_skew is not None]
    return max((round(abs(each.estimate_ms or 0.0) + each.uncertainty_ms, 1) for each in found), default=None)
