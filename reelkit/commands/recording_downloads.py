"""Which files a recording has, as the API tells them, and bringing all of them here."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from reelkit.commands.downloads import Download, Downloads, Fetched
from reelkit.commands.errors import FileTrouble
from reelkit.commands.formats import size, text
from reelkit.commands.output import at


def files_of(recording: Mapping[str, Any]) -> list[Download]:
    """What the answer about one recording links to: film or tracks, sound, timed metadata, integrity record."""
    return [file for file in _linked(recording) if file.url]


def fetch_all(recording: Mapping[str, Any], directory: Path, downloads: Downloads) -> list[Fetched]:
    """Brings all of them into ``directory``. Raises FileTrouble, also where there is nothing to download."""
    files = files_of(recording)
    if not files:
        raise FileTrouble(_nothing(recording))
    return [downloads.fetch(file, directory / _safe(file.name)) for file in files]


def told(fetched: Iterable[Fetched]) -> Iterator[str]:
    """A line for each file."""
    for file in fetched:
        checked = "SHA-256 is right" if file.checked else "the server tells no SHA-256 of it"
        yield f"{file.path} ({size(file.size_bytes)}, {checked})"


def _linked(recording: Mapping[str, Any]) -> Iterator[Download]:
    main = recording.get("download_url")
    name = str(recording.get("output_file_name") or recording.get("id"))
    if isinstance(main, list):
        yield from _tracks(recording, main)
    elif isinstance(main, str):
        yield Download(main, name, at(recording, "reelkit.sha256"), recording.get("file_size"))
    if isinstance(sound := recording.get("audio_download_url"), str):
        yield Download(
            sound,
            str(at(recording, "reelkit.audio_file_name") or f"{name}.audio"),
            at(recording, "reelkit.audio_sha256"),
            at(recording, "reelkit.audio_file_size"),
        )
    for file in at(recording, "reelkit.files") or []:
        yield Download(
            str(file.get("download_url") or ""), str(file["name"]), file.get("sha256"), file.get("file_size")
        )
    if isinstance(proof := at(recording, "reelkit.integrity_url"), str):
        yield Download(proof, f"{name}.json")


def _tracks(recording: Mapping[str, Any], layers: list[Mapping[str, Any]]) -> Iterator[Download]:
    proven = {file.get("name"): file for file in at(recording, "reelkit.integrity.files") or []}
    for layer in layers:
        for name, file in (layer.get("download_urls") or {}).items():
            known = proven.get(name, {})
            yield Download(str(file.get("download_url") or ""), name, known.get("sha256"), known.get("size_bytes"))


def _safe(name: str) -> str:
    """The name of a file in a directory, whatever the server says."""
    last = PurePosixPath(name.replace("\\", "/")).name
    if last in {"", ".", ".."} or not last.isprintable():
        raise FileTrouble("the server sent a file name that is none")
    return last


def _nothing(recording: Mapping[str, Any]) -> str:
    status = text(recording.get("status"))
    if status not in {"UPLOADED", "ERRORED"}:
        return f"there is nothing to download yet: the recording is {status}"
    bucket = at(recording, "reelkit.bucket.state")
    where = at(recording, "reelkit.destination.label")
    if bucket == "EXPIRED":
        return "there is nothing to download any more: its time in the hosted bucket has ended"
    if where:
        return f"there is nothing to download: its files are in {text(where)}"
    return f"there is nothing to download: {text(at(recording, 'reelkit.error')) or 'the recording has no files'}"
