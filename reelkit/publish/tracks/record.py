"""The record of a track recording: its files, and what happened to them on the way from the senders.

Times called ``wall_s`` are seconds since 1970 on the server's clock; ``at_s`` are seconds from a file's beginning.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from reelkit.publish.tracks.spec import StreamKind
from reelkit.publish.tracks.tally import TrackGap

VERSION: Literal["reelkit.tracks/1"] = "reelkit.tracks/1"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class TrackFileRecord(_Part):
    """One file."""

    kind: Literal["track"] = "track"
    name: str
    layer: str
    container: str
    content_type: str
    size_bytes: int
    sha256: str | None = None
    """Of the whole file, as stored."""
    media_sha256: str
    """Over the encoded media, whatever the container."""
    participant_id: str
    custom_participant_id: str | None
    participant_name: str
    peer_id: str
    stream_kind: StreamKind
    media_kind: str
    source: str
    codec: str
    started_wall_s: float
    """When time zero of the file was."""
    offset_s: float
    """The same, counted from the beginning of the recording: what to move the file by to put it beside others."""
    duration_s: float
    packets: int
    media_bytes: int
    lost: int
    left_out: int
    keyframes: int | None = None
    concealed_s: float | None = None
    silent_s: float | None = None
    gaps_s: float
    gaps: tuple[TrackGap, ...]
    gaps_left_out: int


class TracksRecord(_Part):
    """What is known of a track recording."""

    version: Literal["reelkit.tracks/1"] = VERSION
    reelkit: str
    """Version of the server that made it."""
    recording_id: str | None
    whole: bool
    """Whether everything that was asked for was made."""
    error: str | None = None
    started_wall_s: float | None
    ended_wall_s: float | None
    duration_s: float
    files: list[TrackFileRecord]
    problems: list[str] = []
    """What is wrong, in sentences; empty if nothing is."""

    def dump(self) -> dict[str, Any]:
        """JSON-able."""
        return self.model_dump(mode="json")


def stored_track(record: Mapping[str, Any] | None, name: str, sha256: str) -> Mapping[str, Any] | None:
    """A dumped record completed by the SHA-256 of the file of that name, as it was stored."""
    if record is None or record.get("version") != VERSION:
        return record
    files = [{**entry, "sha256": sha256} if entry.get("name") == name else entry for entry in record["files"]]
    return {**record, "files": files}
