"""The hosted bucket as a directory: what is stored is what was given, and links open nothing else."""

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.durable import is_disk_full
from reelkit.publish.bucket import BucketLinks, FileAddress
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.publish.errors import LinkExpired, LinkTampered, StorageError
from tests.clocks import JumpingClock

SECRET = bytes(range(32))


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def bucket(tmp_path: Path) -> DirectoryBucket:
    return DirectoryBucket(tmp_path / "bucket")


@pytest.fixture
def links(clock: JumpingClock) -> BucketLinks:
    return BucketLinks(SECRET, clock)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film" * 1000)
    return path


def split(link: str) -> tuple[list[str], dict[str, str]]:
    parts = urlsplit(link)
    return [unquote(part) for part in parts.path.split("/")], dict(parse_qsl(parts.query))


async def test_put_moves_the_file_and_tells_its_digest(bucket: DirectoryBucket, film: Path) -> None:
    content = film.read_bytes()
    stored = await bucket.put("app", "rec", film, "a film.mp4", "video/mp4")
    assert stored.path.read_bytes() == content
    assert stored.size_bytes == len(content)
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert not film.exists()


async def test_put_again_replaces_the_file(bucket: DirectoryBucket, film: Path, tmp_path: Path) -> None:
    await bucket.put("app", "rec", film, "film.mp4", "video/mp4")
    second = tmp_path / "second.mp4"
    second.write_bytes(b"better")
    assert (await bucket.put("app", "rec", second, "film.mp4", "video/mp4")).path.read_bytes() == b"better"


async def test_put_of_a_missing_file_is_a_storage_error_worth_a_retry(bucket: DirectoryBucket, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        await bucket.put("app", "rec", tmp_path / "absent.mp4", "film.mp4", "video/mp4")
    assert caught.value.retry


async def test_put_that_cannot_write_leaves_the_source(tmp_path: Path, film: Path) -> None:
    (tmp_path / "blocked").write_text("a file where the bucket's directory should be")
    bucket = DirectoryBucket(tmp_path / "blocked")
    with pytest.raises(StorageError):
        await bucket.put("app", "rec", film, "film.mp4", "video/mp4")
    assert film.exists()


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A directory on another file system than tests' directories."""
    with TemporaryDirectory(dir="/dev/shm") as directory:
        yield Path(directory)


async def test_a_file_from_another_file_system_may_have_the_longest_name(
    elsewhere: Path, tmp_path: Path, film: Path
) -> None:
    assert elsewhere.stat().st_dev != tmp_path.stat().st_dev
    name = "n" * 251 + ".mp4"
    stored = await DirectoryBucket(elsewhere).put("app", "rec", film, name, "video/mp4")
    assert stored.path.read_bytes() == b"film" * 1000
    assert not film.exists()
    assert [path.name for path in stored.path.parent.iterdir()] == [name]


async def test_a_disk_that_is_full_keeps_no_half_of_a_file(
    elsewhere: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_half(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:2000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("reelkit.publish.bucket_directory.shutil.copyfile", copy_half)
    with pytest.raises(StorageError) as raised:
        await DirectoryBucket(elsewhere).put("app", "rec", film, "film.mp4", "video/mp4")
    assert is_disk_full(raised.value)
    assert film.exists()
    assert list((elsewhere / "app" / "rec").iterdir()) == []


def test_a_link_opens_its_file_until_it_expires(links: BucketLinks, clock: JumpingClock) -> None:
    (app, recording, name), query = split(links.sign("app", "rec", "ein Film.mp4", clock.now_s + 10))
    opened = links.verify(app, recording, name, query)
    assert opened.address == FileAddress("app", "rec", "ein Film.mp4")
    assert opened.expires_s == clock.now_s + 10
    clock.now_s += 10
    with pytest.raises(LinkExpired):
        links.verify(app, recording, name, query)


@pytest.mark.parametrize("changed", ["app", "recording", "name", "expires", "signature", "no signature", "no expiry"])
def test_a_changed_link_is_refused(links: BucketLinks, clock: JumpingClock, changed: str) -> None:
    (app, recording, name), query = split(links.sign("app", "rec", "film.mp4", clock.now_s + 10))
    match changed:
        case "app":
            app = "other"
        case "recording":
            recording = "other"
        case "name":
            name = "other.mp4"
        case "expires":
            query["expires"] = str(int(query["expires"]) + 1)
        case "signature":
            query["signature"] = query["signature"][::-1]
        case "no signature":
            del query["signature"]
        case _:
            del query["expires"]
    with pytest.raises(LinkTampered):
        links.verify(app, recording, name, query)


async def test_files_are_at_hand_until_they_are_deleted(bucket: DirectoryBucket, film: Path) -> None:
    stored = await bucket.put("app", "rec", film, "film.mp4", "video/mp4")
    await bucket.release("app", "rec")
    assert await bucket.local("app", "rec", "film.mp4") == stored.path
    assert await bucket.delete("app", "rec", ())
    assert not await bucket.delete("app", "rec", ())
    with pytest.raises(FileNotFoundError):
        await bucket.local("app", "rec", "film.mp4")


@given(st.text())
def test_no_name_leaves_the_bucket(name: str) -> None:
    bucket = DirectoryBucket(Path("/bucket"))
    try:
        path = bucket.path("app", "rec", name)
    except ValueError:
        return
    assert path.parent == Path("/bucket/app/rec")


def test_a_short_secret_is_refused(clock: JumpingClock) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        BucketLinks(b"short", clock)
