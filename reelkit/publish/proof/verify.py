"""Verifies a delivered file: decodes all of it and, with its record, says whether it is that file."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from reelkit.publish.errors import RecordError
from reelkit.publish.hls.unpack import is_archive
from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.finished import Finished, look_at
from reelkit.publish.proof.media import Row, media_of
from reelkit.publish.proof.record import VERSION, File, IntegrityRecord
from reelkit.publish.proof.walk import WalkedTrack, walk
from reelkit.render.loudness import SAMPLE_RATE_HZ, Loudness, LoudnessMeter

_DURATION_S = 0.05
"""Durations are told in packets and in milliseconds by some containers."""
_LOUDNESS_LU = 1.0
"""What a lossy codec may change; the record's is that of the sound before it was encoded."""
_QUIET_LUFS = -50.0
"""Of sound as quiet as this a lossy codec may leave out most."""
_SILENT_SHARE = 0.98
_TEXT = frozenset({".vtt", ".json"})
"""Of metadata that lies beside a film."""


@dataclass
class Verification:
    """What was found out about one file."""

    path: Path
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What is wrong with the file, or other than the record says; it is sound if there are none."""
    remarks: list[str] = field(default_factory=list)
    """What may be as it was meant: silence, clipped sound, black pictures."""

    @property
    def passed(self) -> bool:
        """Whether the file is sound and, if there was a record, the one that the record is about."""
        return not self.problems


def read_record(path: Path) -> IntegrityRecord:
    """A record as it lies beside the film. Raises RecordError, OSError."""
    content = path.read_bytes()
    try:
        return IntegrityRecord.model_validate_json(content)
    except ValidationError as error:
        raise RecordError(f"this is no integrity record of version {VERSION}", file=path) from error


def verify(path: Path, record: IntegrityRecord | None = None) -> Verification:
    """Examines the file at ``path``, decoding everything. Of an archive all pieces are decoded, joined as its playlist
    says, and the metadata in them is compared with the file of cues. Raises OSError if there is no such file."""
    done = Verification(path)
    findings = Findings()
    sha256 = _sha256(path)
    if path.suffix in _TEXT:
        return _verify_text(done, record, sha256)
    video, audio = WalkedTrack(), WalkedTrack()
    loudness = _Loudness()
    found: Finished | None = None
    try:
        with media_of(path, done.rows, findings) as media:
            walk(media, level="all", video=video, audio=audio, findings=findings, listener=loudness.hear)
            found = look_at(media, media.suffix.lstrip("."), findings)
    except (av.FFmpegError, OSError, ValueError) as error:
        findings.add(f"the file cannot be read to its end: {error}")
    if video.stamps.packets != video.pictures.decoded:
        findings.add(f"of {video.stamps.packets} pictures {video.pictures.decoded} decode")
    if not video.stamps.packets and not audio.stamps.packets:
        findings.add("the file holds no media")
    done.problems += findings.sentences
    if findings.left_out:
        done.problems.append(f"{findings.left_out} more problems of the same kinds")
    _remark(done, video, audio, loudness.result)
    file = None if record is None else _entry(record, sha256, path, video=bool(video.stamps.packets))
    if record is not None and file is None:
        done.problems.append("the record is about no such file")
    _compare(done, file, sha256, path.stat().st_size, found, video, audio)
    _compare_loudness(done, record, loudness.result)
    return done


class _Loudness:
    """Measures decoded sound if it is of the kind that Reelkit makes."""

    def __init__(self) -> None:
        self._meter: LoudnessMeter | None = None

    def hear(self, sound: NDArray[np.float32]) -> None:
        if sound.shape[0] <= 2:
            self._meter = self._meter or LoudnessMeter(sound.shape[0])
            self._meter.hear(sound)

    @property
    def result(self) -> Loudness | None:
        return None if self._meter is None else self._meter.result()


def _verify_text(done: Verification, record: IntegrityRecord | None, sha256: str) -> Verification:
    """Nothing of it can be decoded: with a record, it is that file or not."""
    size = done.path.stat().st_size
    file = None if record is None else _entry(record, sha256, done.path, video=False)
    if file is None or file.kind not in {"captions", "cues"}:
        done.problems.append("the file holds no media" if record is None else "the record is about no such file")
        file = None
    exact = _Comparison(done, has_record=file is not None)
    exact.add("SHA-256", sha256, None if file is None else file.sha256)
    exact.add("size in bytes", size, None if file is None else file.size_bytes)
    return done


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(record: IntegrityRecord, sha256: str, path: Path, *, video: bool) -> File | None:
    """The record's file that this is or ought to be."""
    by_hash = [file for file in record.files if file.sha256 == sha256]
    by_name = [file for file in record.files if file.name == path.name]
    kinds = {"hls"} if is_archive(path) else {"video"} if video else {"audio", "track"}
    by_kind = [file for file in record.files if file.kind in kinds]
    return next(iter([*by_hash, *by_name, *by_kind]), None)


def _remark(done: Verification, video: WalkedTrack, audio: WalkedTrack, loudness: Loudness | None) -> None:
    if audio.sound.clipped:
        done.remarks.append(f"{audio.sound.clipped} samples of the sound are at full scale")
    if loudness is not None and loudness.silent_share >= _SILENT_SHARE:
        done.remarks.append(f"the sound is silent for {loudness.silent_share:.1%} of the time")
    pictures = video.pictures
    if pictures.black:
        done.remarks.append(f"{pictures.black} of {pictures.keyframes} keyframes are black")


def _compare(
    done: Verification,
    file: File | None,
    sha256: str,
    size_bytes: int,
    found: Finished | None,
    video: WalkedTrack,
    audio: WalkedTrack,
) -> None:
    exact = _Comparison(done, has_record=file is not None)
    exact.add("SHA-256", sha256, None if file is None else file.sha256)
    exact.add("size in bytes", size_bytes, None if file is None else file.size_bytes)
    if found is None:
        return
    exact.add_seconds("duration", found.duration_s, None if file is None else file.duration_s)
    if found.video is not None:
        pictures = None if file is None else file.video
        track = found.video
        exact.add("picture", f"{track.codec} {track.width_px}x{track.height_px}", pictures and _shape(pictures))
        exact.add("frames per second", track.fps, pictures and pictures.fps)
        exact.add("pictures", video.stamps.packets, pictures and pictures.frames)
        exact.add("pictures decoded", video.pictures.decoded, None)
        exact.add("encoded pictures", video.stamps.chain.hex(), pictures and pictures.media_sha256)
    if found.audio is not None:
        sound = None if file is None else file.audio
        heard = found.audio
        exact.add(
            "sound",
            f"{heard.codec} {heard.sample_rate_hz} Hz, {heard.channels} channels",
            sound and f"{sound.codec} {sound.sample_rate_hz} Hz, {sound.channels} channels",
        )
        exact.add("packets of sound", audio.stamps.packets, sound and sound.packets)
        exact.add("sound decoded", f"{audio.sound.samples / SAMPLE_RATE_HZ:.3f} s", None)
        exact.add("encoded sound", audio.stamps.chain.hex(), sound and sound.media_sha256)


def _compare_loudness(done: Verification, record: IntegrityRecord | None, loudness: Loudness | None) -> None:
    if loudness is None:
        return
    found = loudness.integrated_lufs
    recorded = None if record is None or record.loudness is None else record.loudness.integrated_lufs
    agrees = None
    if found is not None and recorded is not None and recorded > _QUIET_LUFS:
        agrees = abs(found - recorded) <= _LOUDNESS_LU
        if not agrees:
            done.problems.append(f"the sound has {found} LUFS; the record says {recorded}")
    done.rows.append(Row("loudness", _lufs(found), _lufs(recorded) if record else "", agrees))


class _Comparison:
    def __init__(self, done: Verification, *, has_record: bool) -> None:
        self._done = done
        self._has_record = has_record

    def add(self, what: str, found: Any, recorded: Any) -> None:  # noqa: ANN401 - whatever can be shown
        agrees = None if recorded is None else found == recorded
        self._row(what, str(found), recorded, agrees)

    def add_seconds(self, what: str, found: float, recorded: float | None) -> None:
        agrees = None if recorded is None else abs(found - recorded) <= _DURATION_S
        self._row(what, f"{found:.3f} s", None if recorded is None else f"{recorded:.3f} s", agrees)

    def _row(self, what: str, found: str, recorded: Any, agrees: bool | None) -> None:  # noqa: ANN401
        self._done.rows.append(Row(what, found, "" if recorded is None else str(recorded), agrees))
        if agrees is False:
            self._done.problems.append(f"{what}: {found}; the record says {recorded}")


def _shape(track: Any) -> str:  # noqa: ANN401 - a VideoTrack
    return f"{track.codec} {track.width_px}x{track.height_px}"


def _lufs(value: float | None) -> str:
    return "silence" if value is None else f"{value:.1f} LUFS"
