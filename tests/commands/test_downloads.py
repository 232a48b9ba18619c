"""Downloads that break off, come damaged, or lie to us."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reelkit.commands.downloads import Download, Downloads
from reelkit.commands.errors import FileTrouble
from reelkit.commands.recording_downloads import fetch_all, files_of

FILM = bytes(range(256)) * 40
SHA256 = hashlib.sha256(FILM).hexdigest()
URL = "http://bucket/film.mp4?signature=very-secret"


class Breaking(httpx.SyncByteStream):
    """Sends a part of what it should."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        raise httpx.ReadError("reset")


class Bucket:
    """Breaks off ``breaks`` times, each time after another 1000 bytes. ``ranges`` is whether it can go on."""

    def __init__(self, *, breaks: int = 0, ranges: bool = True, status: int = 200) -> None:
        self.requests: list[httpx.Request] = []
        self._breaks = breaks
        self._ranges = ranges
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self._status != 200:
            return httpx.Response(self._status)
        asked = int(request.headers.get("range", "bytes=0-")[6:-1])
        begin = asked if self._ranges else 0
        status = 206 if begin else 200
        if len(self.requests) <= self._breaks:
            return httpx.Response(status, stream=Breaking(FILM[begin : begin + 1000]))
        return httpx.Response(status, content=FILM[begin:])


Handler = Callable[[httpx.Request], httpx.Response]


def unreachable(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no such host")


def fetch(bucket: Handler, target: Path, *, replace: bool = False, **known: Any) -> Any:
    with Downloads(replace=replace, transport=httpx.MockTransport(bucket)) as downloads:
        return downloads.fetch(Download(URL, target.name, **known), target)


@pytest.mark.parametrize("ranges", [True, False])
def test_it_goes_on_where_it_broke_off(tmp_path: Path, ranges: bool) -> None:
    bucket = Bucket(breaks=2, ranges=ranges)
    done = fetch(bucket, tmp_path / "films" / "film.mp4", sha256=SHA256, size_bytes=len(FILM))
    assert done.path.read_bytes() == FILM
    assert (done.size_bytes, done.sha256, done.checked) == (len(FILM), SHA256, True)
    assert [request.headers.get("range") for request in bucket.requests] == [
        None,
        "bytes=1000-",
        "bytes=2000-" if ranges else "bytes=1000-",
    ]
    assert "authorization" not in bucket.requests[0].headers
    assert list(done.path.parent.iterdir()) == [done.path]


@pytest.mark.parametrize(
    ("bucket", "known", "said"),
    [
        (unreachable, {}, "bucket, where its link leads, cannot be reached"),
        (Bucket(breaks=99), {}, "the connection to bucket broke off"),
        (Bucket(status=403), {}, "bucket answers HTTP 403; its link may have ended"),
        (Bucket(), {"sha256": "0" * 64}, "came damaged"),
    ],
    ids=["unreachable", "breaks", "refused", "damaged"],
)
def test_what_does_not_come_whole_is_not_there(
    tmp_path: Path, bucket: Handler, known: dict[str, Any], said: str
) -> None:
    with pytest.raises(FileTrouble, match=said) as trouble:
        fetch(bucket, tmp_path / "film.mp4", **known)
    assert "very-secret" not in trouble.value.message
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_only_replaced_when_told_so(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"mine")
    with pytest.raises(FileTrouble, match="is there already"):
        fetch(Bucket(), film)
    assert film.read_bytes() == b"mine"
    assert not fetch(Bucket(), film, replace=True).checked
    assert film.read_bytes() == FILM
    with pytest.raises(FileTrouble, match="cannot be written"):
        fetch(Bucket(), film / "other.mp4")


def test_a_name_of_the_server_leads_nowhere_else(tmp_path: Path) -> None:
    recording = {"id": "r", "output_file_name": "../../film.mp4", "download_url": URL}
    with Downloads(transport=httpx.MockTransport(Bucket())) as downloads:
        (done,) = fetch_all(recording, tmp_path / "out", downloads)
        assert done.path == tmp_path / "out" / "film.mp4"
        with pytest.raises(FileTrouble, match="a file name that is none"):
            fetch_all({**recording, "output_file_name": "a/.."}, tmp_path, downloads)


def test_tracks_are_checked_against_the_record_of_integrity() -> None:
    layers = [{"layer_name": "default", "download_urls": {"a.webm": {"download_url": URL}}}]
    proof = {"files": [{"name": "a.webm", "sha256": SHA256, "size_bytes": 10}]}
    recording = {"id": "r", "download_url": layers, "reelkit": {"integrity": proof}}
    assert files_of(recording) == [Download(URL, "a.webm", SHA256, 10)]


@pytest.mark.parametrize(
    ("recording", "said"),
    [
        ({"status": "RECORDING"}, "nothing to download yet: the recording is RECORDING"),
        ({"status": "UPLOADED", "reelkit": {"bucket": {"state": "EXPIRED"}}}, "has ended"),
        ({"status": "UPLOADED", "reelkit": {"destination": {"label": "s3://films"}}}, "its files are in s3://films"),
        ({"status": "ERRORED", "reelkit": {"error": "nobody came"}}, "nobody came"),
    ],
)
def test_why_there_is_nothing(tmp_path: Path, recording: dict[str, Any], said: str) -> None:
    with Downloads() as downloads, pytest.raises(FileTrouble, match=said):
        fetch_all(recording, tmp_path, downloads)
