"""What is sent about the files of a recording, and of a film that was made again."""

from typing import Any, Self

from pydantic import Field

from reelkit.api.envelope import Absent, WireModel
from reelkit.api.links import Links
from reelkit.control.hosted import Hosted
from reelkit.control.rendering import Rendering, RenderingState


class RenderingWire(WireModel):
    """How far a film is that is being made."""

    state: RenderingState = Field(
        description="waiting: all renderers are busy, the capture goes on; live: the renderer follows the meeting; "
        "catching_up: it is far behind the meeting, or the recording has stopped."
    )
    lag_s: float = Field(description="How much of what is recorded is not rendered.")
    done_s: float = Field(description="How much is rendered.")

    @classmethod
    def of(cls, rendering: Rendering) -> Self:
        return cls(state=rendering.state, lag_s=round(rendering.lag_s, 3), done_s=round(rendering.done_s, 3))


class HostedExtras(WireModel):
    """What Reelkit tells beyond RealtimeKit's fields. Official clients ignore it."""

    duration_ms: Absent[int] = Field(None, description="Recorded time without pauses; exact once there is a file.")
    sha256: Absent[str] = Field(None, description="Of the file at download_url, in hexadecimal.")
    audio_file_name: Absent[str] = Field(None, description="The file at audio_download_url.")
    audio_file_size: Absent[int] = Field(None, description="Its bytes.")
    audio_sha256: Absent[str] = Field(None, description="Its SHA-256, in hexadecimal.")
    notes: Absent[list[str]] = Field(None, description="What is otherwise than asked for.")
    error: Absent[str] = Field(None, description="Why it ended other than asked.")
    rendering: Absent[RenderingWire] = Field(None, description="How far the film is, while it is being made.")
    integrity_url: Absent[str] = Field(None, description="The integrity record as a file, kept as long as the film.")
    integrity: Absent[dict[str, Any]] = Field(
        None, description="What was delivered, as measured; only in the answer about one recording."
    )

    @staticmethod
    def fields_of(
        item: Hosted, links: Links, rendering: Rendering | None, integrity: dict[str, Any] | None
    ) -> dict[str, Any]:
        """The arguments that recordings and renders have in common."""
        return {
            "duration_ms": item.duration_ms,
            "sha256": item.sha256,
            "audio_file_name": item.audio_file_name,
            "audio_file_size": item.audio_size_bytes,
            "audio_sha256": item.audio_sha256,
            "notes": list(item.notes) or None,
            "error": item.error,
            "rendering": RenderingWire.of(rendering) if rendering else None,
            "integrity_url": links.integrity_url,
            "integrity": integrity,
        }
