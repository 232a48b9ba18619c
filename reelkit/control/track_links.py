"""Links to the files of track recordings, by layer."""

from dataclasses import dataclass

from reelkit.control.hosted import StoredExtra
from reelkit.control.links import HostedLinks
from reelkit.control.recording import Recording


@dataclass(frozen=True, slots=True)
class TrackLink:
    """A hosted track file."""

    file: StoredExtra
    url: str


@dataclass(frozen=True, slots=True)
class LayerLinks:
    """The files of one layer, by name."""

    layer: str
    links: tuple[TrackLink, ...]


def track_links(links: HostedLinks, recording: Recording) -> tuple[LayerLinks, ...] | None:
    """All of a track recording's files in the order of its layers; a layer without files is there, too. None for other
    recordings, and for one without hosted files: not yet, not any more, or because the caller wants none."""
    hosted = recording.is_hosted_for_caller and recording.download_expires_at is not None
    if recording.tracks is None or not hosted or links.url(recording, recording.output_file_name) is None:
        return None
    found = []
    for layer in recording.tracks.layers:
        files = [file for file in recording.files if file.kind == "track" and file.layer == layer.name]
        made = [TrackLink(file, url) for file in files if (url := links.url(recording, file.name)) is not None]
        found.append(LayerLinks(layer.name, tuple(made)))
    return tuple(found)


def track_bytes(recording: Recording) -> int | None:
    """What the files of a track recording have together; None for other recordings and before there are any."""
    sizes = [file.size_bytes for file in recording.files if file.kind == "track"]
    return sum(sizes) if recording.tracks is not None and sizes else None
