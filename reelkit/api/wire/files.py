"""Further files of a recording: beside the main one, the sound and the integrity record."""

from collections.abc import Iterable
from typing import Self

from pydantic import Field

from reelkit.api.envelope import Absent, WireModel
from reelkit.api.links import Links
from reelkit.control.hosted import StoredExtra


class ExtraFileWire(WireModel):
    """One of them."""

    name: str
    kind: str = Field(description="captions: timed metadata as WebVTT; cues: the same as JSON.")
    content_type: str
    file_size: int = Field(description="Bytes.")
    sha256: str
    download_url: Absent[str] = None

    @classmethod
    def of(cls, file: StoredExtra, links: Links) -> Self:
        return cls(
            name=file.name,
            kind=file.kind,
            content_type=file.content_type,
            file_size=file.size_bytes,
            sha256=file.sha256,
            download_url=links.extras.get(file.name),
        )


def extra_files(files: Iterable[StoredExtra], links: Links) -> list[ExtraFileWire] | None:
    """All of them; None where there are none."""
    return [ExtraFileWire.of(file, links) for file in files] or None
