"""The record of integrity: what was delivered, and what happened to it on the way from the senders.

Times called ``wall_s`` are seconds since 1970 on the server's clock, ``film_s`` seconds from the film's beginning.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from reelkit.publish.bucket import StoredFile
from reelkit.publish.delivered import DeliveredKind
from reelkit.publish.proof.decoding import DecodeLevel
from reelkit.render.loudness import Loudness
from reelkit.render.viewing import FreezeReason

VERSION: Literal["reelkit.integrity/1"] = "reelkit.integrity/1"

MAX_GAPS = 200
MAX_PARTICIPANTS = 200


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Stamps(_Part):
    """How the time stamps of a track's packets follow each other."""

    missing: int = 0
    """Pictures that ought to lie in gaps; of sound, gaps of more than 5 ms."""
    duplicate: int = 0
    backwards: int = 0


class VideoTrack(_Part):
    """The pictures of a delivered file."""

    codec: str
    profile: str | None
    width_px: int
    height_px: int
    pixel_format: str | None
    fps: float
    frames: int | None
    """This and ``keyframes`` are None if only the file's ends were looked at."""
    keyframes: int | None
    start_s: float
    duration_s: float
    bit_rate_bps: int | None
    stamps: Stamps = Stamps()
    media_sha256: str | None = None
    """Over the encoded pictures, whatever the container; None if they were not all read."""


class AudioTrack(_Part):
    """The sound of a delivered file."""

    codec: str
    profile: str | None
    sample_rate_hz: int
    channels: int
    packets: int | None
    start_s: float
    duration_s: float
    bit_rate_bps: int | None
    stamps: Stamps = Stamps()
    media_sha256: str | None = None
    """Over the encoded sound, whatever the container; None if it was not all read."""


class File(_Part):
    """A delivered file."""

    kind: DeliveredKind
    name: str | None = None
    """In the bucket."""
    container: str
    content_type: str | None = None
    size_bytes: int
    sha256: str | None = None
    """Of the whole file, as stored."""
    duration_s: float
    """As the container tells."""
    walked: Literal["whole", "index", "ends", "segments", "none"]
    """Which packets of the finished file were looked at: all, all in its index, or those at its ends; ``segments``: of
    an archive, those of the segments that its media were copied from, before; ``none``: it holds no media."""
    video: VideoTrack | None = None
    audio: AudioTrack | None = None


class Decoded(_Part):
    """What was decoded of the film, and what was found. Segments are decoded while the recording runs, before their
    packets are copied to the file unchanged."""

    level: DecodeLevel
    """The setting: all pictures and all sound, keyframes and all sound, or nothing."""
    segments: int
    """Of the film."""
    segments_examined: int
    """Fewer if a crash came between and the segments are gone."""
    frames: int = 0
    frame_errors: int = 0
    sound_s: float = 0.0
    sound_errors: int = 0
    black_share: float | None = None
    """Share of the keyframes that are black, 0 … 1."""
    still_share: float | None = None
    """Share of the keyframes that look like the one before."""
    sound_peak_dbfs: float | None = None
    """The highest sample of the decoded sound."""
    sound_clipped_samples: int = 0
    problems: list[str] = []
    """What is wrong, in sentences; empty if nothing is."""
    problems_left_out: int = 0


class Film(_Part):
    """The time that the film shows."""

    duration_s: float
    frames: int
    fps: float
    stretches: int
    """Stretches that were recorded, between pauses."""
    started_wall_s: float | None
    ended_wall_s: float | None
    lag_max_s: float | None = None
    """The farthest that rendering fell behind the meeting."""


GapReason = Literal["paused", "sfu_restarted", "page_gone"]


class Gap(_Part):
    """Time that is not in the film (``paused``), or of which the film has no media (``sfu_restarted``; ``page_gone``:
    the recorded page or its renderer had ended and was opened anew)."""

    reason: GapReason
    film_s: float
    wall_s: float
    length_s: float
    in_film: bool
    """Whether the film runs on through it."""
    detail: str | None = None


class Gaps(_Part):
    entries: list[Gap] = []
    left_out: int = 0
    paused_s: float = 0.0
    """In all pauses together."""
    without_media_s: float = 0.0
    """Film time in which the SFU was down, or the page was not there."""


class Page(_Part):
    """What the film shows of a page."""

    new_pictures: int
    """Frames that show another picture than the one before; a page that does not change has few."""
    dropped_pictures: int
    """Pictures that the page drew and the renderer was too slow for."""
    silenced_s: float
    """Film time of which the sound did not come in time."""
    reloads: int
    """How often the page was opened anew."""


class Freeze(_Part):
    """A camera was on and shown, but no new picture came for more than half a second."""

    film_s: float
    wall_s: float
    length_s: float
    reason: FreezeReason


class Outage(_Part):
    """A stream paused for at least a quarter of a second and what was sent meanwhile never came."""

    film_s: float
    wall_s: float
    length_s: float
    packets: int


class Track(_Part):
    """A microphone, camera or screen of a participant."""

    source: str
    kind: str
    codec: str
    packets: int
    """Received while the film was recorded, each once."""
    payload_bytes: int
    lost: int
    """Never came."""
    lost_share: float
    """Of what was sent, 0 … 1."""
    late: int
    """Came too late to be used."""
    recovered: int
    """Came out of order but in time: sent again, or overtaken on the way."""
    duplicates: int
    malformed: int
    concealed: int | None = None
    """Of lost packets of sound, those that the decoder made up for."""
    decoded: int | None = None
    """Pictures."""
    undecodable: int | None = None
    """Pictures that were damaged or referred to damaged ones."""
    decoder_errors: int = 0
    clock_jumps: int = 0
    frozen_s: float | None = None
    freezes: list[Freeze] = []
    freezes_left_out: int = 0
    outages: list[Outage] = []
    outages_left_out: int = 0


SkewMethod = Literal["abs_capture_time", "arrival", "mixed"]


class Skew(_Part):
    """How far sound and picture of a participant may lie apart, as far as the capture tells."""

    method: SkewMethod
    estimate_ms: float | None
    """Positive: the sound comes later than the picture. None if the capture cannot tell."""
    uncertainty_ms: float
    """How far the placing of sound and picture together moves from one second to the next, 95 times in 100."""


class Participant(_Part):
    """Someone who sent something."""

    participant_id: str
    name: str | None
    custom_participant_id: str | None = None
    tracks: list[Track] = []
    av_skew: Skew | None = None
    """None without both a microphone and a camera."""


class IntegrityRecord(_Part):
    """What is known of a recording's files and of how they came to be."""

    version: Literal["reelkit.integrity/1"] = VERSION
    reelkit: str
    """Version of the server that made it."""
    recording_id: str | None
    whole: bool
    """Whether everything that was asked for was made."""
    error: str | None = None
    files: list[File]
    film: Film
    decoded: Decoded
    loudness: Loudness | None = None
    """Of the mixed sound before it was encoded."""
    gaps: Gaps = Field(default_factory=Gaps)
    page: Page | None = None
    """Of a film of a page, which has no participants."""
    participants: list[Participant] = []
    participants_left_out: int = 0
    av_skew_worst_ms: float | None = None
    """The largest (estimate + uncertainty) of all participants."""

    def dump(self) -> dict[str, Any]:
        """JSON-able."""
        return self.model_dump(mode="json")


def stored_as(record: Mapping[str, Any] | None, kind: DeliveredKind, file: StoredFile) -> Mapping[str, Any] | None:
    """A dumped record completed by where its file of that kind was put in the bucket, and by the file's SHA-256."""
    if record is None:
        return None
    named = {"name": file.path.name, "sha256": file.sha256}
    files = [{**entry, **named} if entry.get("kind") == kind else entry for entry in record.get("files", [])]
    return {**record, "files": files}
