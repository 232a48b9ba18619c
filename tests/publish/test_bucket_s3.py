"""The hosted bucket on a real S3 server."""

import asyncio
import errno
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from reelkit.clock import SystemClock
from reelkit.publish import bucket_s3
from reelkit.publish.bucket import FileAddress
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.publish.bucket_open import open_bucket
from reelkit.publish.bucket_s3 import S3Bucket, _Sending
from reelkit.publish.errors import StorageError
from reelkit.publish.storage.base import Part
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable
from reelkit.publish.storage.sigv4 import SigV4
from reelkit.settings import BucketSettings, Settings
from testbed.free_port import LOOPBACK
from testbed.storage.s3 import ACCESS_KEY, SECRET, RcloneS3
from testbed.storage.server import BUCKET
from tests.publish.upload.memory_storage import REFUSED, S3, MemoryStorage

NAME = "weekly_room_1.mp4"
FILM = FileAddress("app", "rec", NAME)


class ShiftedClock(SystemClock):
    """Goes wrong by ``shift_s``."""

    shift_s = 0.0

    def time_s(self) -> float:
        return super().time_s() + self.shift_s


def bucket_settings(server: RcloneS3, **changed: object) -> BucketSettings:
    return BucketSettings.model_validate(
        {
            "kind": "s3",
            "endpoint": f"http://{LOOPBACK}:{server.port}",
            "bucket": BUCKET,
            "prefix": "hosted films/of us",
            "access_key": ACCESS_KEY,
            "secret": SECRET,
            **changed,
        }
    )


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RcloneS3]:
    root = tmp_path / "server"
    root.mkdir()
    async with RcloneS3(root) as started:
        yield started


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def bucket(server: RcloneS3, tmp_path: Path, clock: ShiftedClock) -> AsyncIterator[S3Bucket]:
    opened = open_bucket(Settings(bucket=bucket_settings(server)), tmp_path / "spool", clock)
    assert isinstance(opened, S3Bucket)
    yield opened
    await opened.close()


def film_of(tmp_path: Path, size_bytes: int) -> tuple[Path, bytes]:
    path = tmp_path / "film.mp4"
    content = random.Random(size_bytes).randbytes(size_bytes)
    path.write_bytes(content)
    return path, content


# The second one takes three parts.
@pytest.mark.parametrize("size_bytes", [3, (33 << 20) + 1])
async def test_a_stored_file_is_in_the_bucket_and_at_hand(
    bucket: S3Bucket, server: RcloneS3, tmp_path: Path, size_bytes: int
) -> None:
    source, content = film_of(tmp_path, size_bytes)
    stored = await bucket.put("app", "rec", source, NAME, "video/mp4")
    assert (stored.size_bytes, stored.sha256) == (size_bytes, hashlib.sha256(content).hexdigest())
    assert stored.path == await bucket.local("app", "rec", NAME)
    assert not source.exists()
    assert (server.objects / BUCKET / "hosted films/of us/app/rec" / NAME).read_bytes() == content
    await bucket.release("app", "rec")
    assert not stored.path.exists()
    assert (await bucket.local("app", "rec", NAME)).read_bytes() == content


async def test_a_presigned_url_needs_nothing_else_until_it_expires(
    bucket: S3Bucket, tmp_path: Path, clock: ShiftedClock
) -> None:
    source, content = film_of(tmp_path, 5_000)
    await bucket.put("app", "rec", source, NAME, "video/mp4")
    url = bucket.presigned(FILM, 60.0)
    clock.shift_s = -3_600.0
    old = bucket.presigned(FILM, 60.0)
    assert url is not None
    assert old is not None
    assert parse_qs(urlsplit(url).query)["response-content-disposition"] == [f'attachment; filename="{NAME}"']
    async with httpx.AsyncClient() as anybody:
        answer = await anybody.get(url)
        assert (answer.status_code, answer.content) == (200, content)
        part = await anybody.get(url, headers={"range": "bytes=100-199"})
        assert part.content == content[100:200]
        # Amazon says 403 to all of them.
        for refused in (old, url.replace(NAME, "other.mp4", 1), urlsplit(url)._replace(query="").geturl()):
            assert (await anybody.get(refused)).status_code in {400, 403}


async def test_a_name_that_a_header_cannot_hold_is_encoded(bucket: S3Bucket) -> None:
    url = bucket.presigned(FileAddress("app", "rec", "Zürich.mp4"), 1e9)
    assert url is not None
    query = parse_qs(urlsplit(url).query)
    assert query["response-content-disposition"] == ["attachment; filename*=UTF-8''Z%C3%BCrich.mp4"]
    assert query["X-Amz-Expires"] == ["604800"]


async def test_deleted_files_are_gone_everywhere(bucket: S3Bucket, server: RcloneS3, tmp_path: Path) -> None:
    for name in (NAME, "captions.vtt"):
        source, _ = film_of(tmp_path, 100)
        await bucket.put("app", "rec", source, name, "video/mp4")
    assert await bucket.delete("app", "rec", (NAME, "captions.vtt", "never.json"))
    assert not [path for path in (server.objects / BUCKET).rglob("*") if path.is_file()]
    with pytest.raises(FileNotFoundError):
        await bucket.local("app", "rec", NAME)


async def test_what_is_wrong_is_known_before_anything_is_stored(
    server: RcloneS3, bucket: S3Bucket, tmp_path: Path
) -> None:
    await bucket.check()
    wrong = open_bucket(
        Settings(bucket=bucket_settings(server, secret=SecretStr("guessed"))), tmp_path / "spool", SystemClock()
    )
    with pytest.raises(StorageRefused):
        await wrong.check()
    await wrong.close()
    await server.stop()
    source, content = film_of(tmp_path, 100)
    with pytest.raises(StorageUnavailable):
        await bucket.put("app", "rec", source, NAME, "video/mp4")
    assert source.read_bytes() == content
    await server.start()
    await bucket.put("app", "rec", source, NAME, "video/mp4")


class _Slow(MemoryStorage):
    """Counts what is on its way at once, of all files."""

    def __init__(self) -> None:
        super().__init__(S3)
        self.on_its_way = self.most_on_its_way = 0

    async def put_part(self, name: str, upload_id: str, part: Part) -> str:
        self.on_its_way += 1
        self.most_on_its_way = max(self.most_on_its_way, self.on_its_way)
        try:
            await asyncio.sleep(0.02)
        finally:
            self.on_its_way -= 1
        return await super().put_part(name, upload_id, part)


async def test_many_files_share_the_places_of_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_s3, "_PART_BYTES", 100)
    storage = _Slow()
    signer = SigV4(SecretStr("key"), SecretStr("secret"), "eu-1")
    bucket = S3Bucket(storage, tmp_path / "spool", signer, "http://bucket", SystemClock())
    content = random.Random(1).randbytes(1_001)

    async def put(name: str) -> str:
        source = tmp_path / name
        source.write_bytes(content)
        return (await bucket.put("app", "rec", source, name, "video/mp4")).sha256

    assert set(await asyncio.gather(*(put(f"{number}.mp4") for number in range(6)))) == {
        hashlib.sha256(content).hexdigest()
    }
    assert set(storage.objects.values()) == {content}
    assert storage.most_on_its_way == 8
    # Whatever goes wrong, every place is free again.
    storage.faults = [None, None, None, REFUSED, None, REFUSED]
    with pytest.raises(StorageRefused):
        await put("refused.mp4")
    assert storage.on_its_way == 0
    storage.faults = []
    again = await asyncio.gather(*(put(f"again {number}.mp4") for number in range(6)))
    assert len(again) == 6
    assert bucket._places._value == 8


async def test_a_file_that_cannot_be_read_is_a_problem_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_s3, "_PART_BYTES", 100)
    signer = SigV4(SecretStr("key"), SecretStr("secret"), "eu-1")
    bucket = S3Bucket(_Slow(), tmp_path / "spool", signer, "http://bucket", SystemClock())
    source, _ = film_of(tmp_path, 1_000)

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(_Sending, "_digested", broken)
    with pytest.raises(StorageError, match="Input/output error"):
        await bucket.put("app", "rec", source, NAME, "video/mp4")
    assert source.exists()
    assert bucket._places._value == 8


def test_callers_may_see_another_address_than_the_server(tmp_path: Path) -> None:
    settings = {"bucket": "films", "access_key": "key", "secret": "secret", "kind": "s3", "region": "eu-north-1"}
    urls = []
    for changed in ({}, {"endpoint": "http://minio:9000"}, {"public_endpoint": "https://films.example.com"}):
        opened = open_bucket(
            Settings(bucket=BucketSettings.model_validate(settings | changed)), tmp_path, SystemClock()
        )
        urls.append(str(opened.presigned(FILM, 60)).partition("?")[0])
    assert urls == [
        f"https://films.s3.eu-north-1.amazonaws.com/app/rec/{NAME}",
        f"http://minio:9000/films/app/rec/{NAME}",
        f"https://films.example.com/films/app/rec/{NAME}",
    ]


def test_the_default_is_a_directory(tmp_path: Path) -> None:
    opened = open_bucket(Settings(), tmp_path, SystemClock())
    assert isinstance(opened, DirectoryBucket)
    assert opened.presigned(FILM, 60) is None


@pytest.mark.parametrize("missing", ["bucket", "access_key", "secret"])
def test_an_s3_bucket_needs_all_its_settings(missing: str) -> None:
    settings = {"kind": "s3", "bucket": "films", "access_key": "key", "secret": "secret"}
    del settings[missing]
    with pytest.raises(ValueError, match=missing):
        BucketSettings.model_validate(settings)
