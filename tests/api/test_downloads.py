"""Files of the hosted bucket over HTTP."""

from pathlib import Path

import httpx
import pytest

from tests.api.harness import Api
from tests.api.test_bad_input import assert_failure
from tests.control.harness import PUBLIC_URL

FILM = bytes(range(256)) * 4_000
LIFETIME_S = 7 * 86_400


@pytest.fixture
async def url(api: Api) -> str:
    """The path and query of a delivered film's link; the film has a content worth reading in parts."""
    data = await api.uploaded(await api.control.meeting(title="Weekly"))
    path = api.control.bucket.path(api.control.app.id, data["id"], data["output_file_name"])
    path.write_bytes(FILM)
    url: str = data["download_url"]
    assert url.startswith(f"{PUBLIC_URL}/bucket/")
    return url.removeprefix(PUBLIC_URL)


async def get(api: Api, url: str, method: str = "GET", **headers: str) -> httpx.Response:
    return await api.anonymous.request(method, url, headers=headers)


async def test_the_whole_file_needs_no_token(api: Api, url: str) -> None:
    answer = await get(api, url)
    assert answer.status_code == 200
    assert answer.content == FILM
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    name = Path(httpx.URL(url).path).name
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_head_tells_the_same_without_the_file(api: Api, url: str) -> None:
    head, whole = await get(api, url, "HEAD"), await get(api, url)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=1000000-", 1_000_000, len(FILM)),
        ("bytes=-100", len(FILM) - 100, len(FILM)),
        ("bytes=1023000-9999999", 1_023_000, len(FILM)),
        ("BYTES = 5-300000", 5, 300_001),
    ],
)
async def test_a_range(api: Api, url: str, wanted: str, start: int, end: int) -> None:
    answer = await get(api, url, range=wanted)
    assert answer.status_code == 206
    assert answer.content == FILM[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(FILM)}"
    assert answer.headers["content-length"] == str(end - start)


async def test_several_ranges(api: Api, url: str) -> None:
    answer = await get(api, url, range="bytes=0-9,100-109")
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert FILM[:10] in answer.content
    assert FILM[100:110] in answer.content


async def test_a_range_behind_the_end(api: Api, url: str) -> None:
    answer = await get(api, url, range=f"bytes={len(FILM)}-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


@pytest.mark.parametrize("wanted", ["lines=1-2", "bytes", "bytes=a-b", "bytes=", "bytes=--1", "bytes=1-2;q"])
async def test_a_range_that_makes_no_sense_is_ignored(api: Api, url: str, wanted: str) -> None:
    answer = await get(api, url, range=wanted)
    assert answer.status_code == 200
    assert len(answer.content) == len(FILM)


async def test_conditions(api: Api, url: str) -> None:
    etag = (await get(api, url)).headers["etag"]
    unchanged = await api.anonymous.get(url, headers={"if-none-match": f'"other", {etag}'})
    assert unchanged.status_code == 304
    assert unchanged.content == b""
    same = await api.anonymous.get(url, headers={"if-range": etag, "range": "bytes=0-9"})
    assert same.status_code == 206
    changed = await api.anonymous.get(url, headers={"if-range": '"other"', "range": "bytes=0-9"})
    assert changed.status_code == 200


async def test_an_expired_link(api: Api, url: str) -> None:
    api.control.clock.now_s += LIFETIME_S - 1
    assert (await get(api, url)).status_code == 200
    api.control.clock.now_s += 1
    assert_failure(await get(api, url), 403, "expired")


async def test_a_tampered_link(api: Api, url: str) -> None:
    link = httpx.URL(url)
    later = str(int(link.params["expires"]) + 1)
    tampered = [
        link.copy_set_param("expires", later),
        link.copy_set_param("signature", "x" * 43),
        link.copy_set_param("signature", "é"),
        link.copy_remove_param("signature"),
        link.copy_remove_param("expires"),
        link.copy_with(path=link.path.replace(".mp4", ".mp3")),
        link.copy_with(path=link.path.replace(api.control.app.id, "0" * 32)),
    ]
    for changed in tampered:
        assert_failure(await get(api, str(changed)), 403, "link")


@pytest.mark.parametrize("name", ["..%2f..%2freelkit.sqlite3", "..", "%2e%2e", "a%00b"])
async def test_nothing_outside_the_bucket_is_reached(api: Api, url: str, name: str) -> None:
    parent = httpx.URL(url).path.rpartition("/")[0]
    assert (await get(api, f"{parent}/{name}?{httpx.URL(url).query.decode()}")).status_code in {403, 404}


async def test_a_file_that_is_gone(api: Api, url: str) -> None:
    app_id, recording_id = httpx.URL(url).path.split("/")[2:4]
    assert await api.control.bucket.delete(app_id, recording_id, ())
    assert_failure(await get(api, url), 404, "no longer kept")
