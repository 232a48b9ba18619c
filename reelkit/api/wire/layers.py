"""The files of track recordings, grouped as RealtimeKit groups them."""

from collections.abc import Iterable
from typing import Self

from pydantic import Field

from reelkit.api.envelope import Absent, WireModel
from reelkit.control.track_links import LayerLinks


class TrackDownload(WireModel):
    """One file."""

    download_url: str
    custom_participant_id: Absent[str] = Field(None, description="Whose track it is, as the application knows them.")


class LayerDownloads(WireModel):
    """The files of one layer by name."""

    layer_name: str
    download_urls: dict[str, TrackDownload]

    @classmethod
    def of(cls, layer: LayerLinks) -> Self:
        return cls(
            layer_name=layer.layer,
            download_urls={
                link.file.name: TrackDownload(
                    download_url=link.url, custom_participant_id=link.file.custom_participant_id
                )
                for link in layer.links
            },
        )


def downloads(layers: Iterable[LayerLinks] | None) -> list[LayerDownloads] | None:
    """All layers; None where there is nothing to download."""
    return None if layers is None else [LayerDownloads.of(layer) for layer in layers]
