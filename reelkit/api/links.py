"""Links to hosted files."""

from dataclasses import dataclass

from reelkit.api.state import AppState
from reelkit.control.hosted import Hosted


@dataclass(frozen=True, slots=True)
class Links:
    """Signed URLs, each None if there is no such file."""

    download_url: str | None = None
    """The main file: the film, or the sound where there is no film."""
    audio_download_url: str | None = None
    integrity_url: str | None = None


def links_to(state: AppState, item: Hosted) -> Links:
    """Links to everything of ``item`` that is hosted; all end when the files are deleted."""
    if item.download_expires_at is None:
        return Links()
    expires_s = item.download_expires_at.timestamp()

    def link(name: str) -> str:
        return f"{state.public_url}/bucket/{state.bucket.sign(item.app_id, item.id, name, expires_s)}"

    return Links(
        download_url=link(item.output_file_name) if item.file_size_bytes is not None else None,
        audio_download_url=link(item.audio_file_name)
        if item.audio_file_name is not None and item.audio_size_bytes is not None
        else None,
        integrity_url=link(item.integrity_file_name) if item.integrity_sha256 is not None else None,
    )
