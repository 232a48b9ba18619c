"""Films made again, as they are sent."""

from typing import Any, Self

from pydantic import Field

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.api.links import Links
from reelkit.api.wire.hosted import HostedExtras
from reelkit.control.rendering import Rendering
from reelkit.control.rerender import RenderStatus, Rerender


class RenderWire(WireModel):
    """Another film of a recording, with the names that recordings have for the same things."""

    id: str
    recording_id: str
    status: RenderStatus
    created_time: Timestamp
    output_file_name: str
    recording_duration: Absent[int] = Field(None, description="Seconds.")
    file_size: Absent[int] = Field(None, description="Bytes of the file at download_url.")
    download_url: Absent[str] = None
    audio_download_url: Absent[str] = None
    download_url_expiry: Absent[Timestamp] = None
    reelkit: HostedExtras

    @classmethod
    def of(
        cls, rerender: Rerender, links: Links, *, rendering: Rendering | None, integrity: dict[str, Any] | None = None
    ) -> Self:
        """``rendering`` is there while it is being made; ``integrity`` if it is to be shown."""
        return cls(
            id=rerender.id,
            recording_id=rerender.recording_id,
            status=rerender.status,
            created_time=rerender.created_at,
            output_file_name=rerender.output_file_name,
            recording_duration=rerender.recording_duration_s,
            file_size=rerender.file_size_bytes,
            download_url=links.download_url,
            audio_download_url=links.audio_download_url,
            download_url_expiry=rerender.download_expires_at,
            reelkit=HostedExtras(**HostedExtras.fields_of(rerender, links, rendering, integrity)),
        )
