"""What S3 says, and how it is reached."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.base import Destination, Part
from reelkit.publish.storage.errors import DestinationError, StorageRefused, StorageUnavailable, UploadUnknown
from reelkit.publish.storage.open import open_destination
from reelkit.publish.storage.s3 import s3_bucket_url
from reelkit.publish.storage.targets import S3Target
from reelkit.settings import EgressSettings, StorageEndpoints, StorageSettings
from tests.egress.hosts import Host, host_on

AWS = S3Target(
    type="aws",
    access_key=SecretStr("hidden-id"),
    secret=SecretStr("hidden-key"),
    bucket="films",
    region="eu-central-1",
    path="2026",
)
SPACES = AWS.model_copy(update={"type": "digitalocean", "region": "sgp1"})
R2 = AWS.model_copy(update={"type": "cloudflare", "region": "auto", "account_id": "0" * 32})


@pytest.mark.parametrize(
    ("target", "endpoint", "url"),
    [
        (AWS, None, "https://films.s3.eu-central-1.amazonaws.com"),
        (AWS.model_copy(update={"bucket": "my.films"}), None, "https://s3.eu-central-1.amazonaws.com/my.films"),
        (AWS.model_copy(update={"bucket": "My_films"}), None, "https://s3.eu-central-1.amazonaws.com/My_films"),
        (AWS.model_copy(update={"region": "cn-north-1"}), None, "https://films.s3.cn-north-1.amazonaws.com.cn"),
        (AWS, "http://minio:9000", "http://minio:9000/films"),
        (AWS, "https://ceph.internal/s3", "https://ceph.internal/s3/films"),
        (SPACES, None, "https://films.sgp1.digitaloceanspaces.com"),
        (R2, None, f"https://{'0' * 32}.r2.cloudflarestorage.com/films"),
    ],
)
def test_addresses(target: S3Target, endpoint: str | None, url: str) -> None:
    assert s3_bucket_url(target, endpoint) == url


def test_cloudflare_wants_parts_of_one_size() -> None:
    rules = [
        open_destination(target, guard=EgressGuard(EgressSettings()), settings=StorageSettings()).rules
        for target in (AWS, SPACES, R2)
    ]
    assert [rule.uniform for rule in rules] == [False, False, True]
    assert {(rule.min_bytes, rule.max_parts, rule.positional) for rule in rules} == {(5 << 20, 10_000, False)}


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with host_on() as opened:
        yield opened


@pytest.fixture
async def destination(host: Host) -> AsyncIterator[Destination]:
    settings = StorageSettings(
        request_timeout_s=5.0, endpoints=StorageEndpoints(aws=f"http://127.0.0.1:{host.port}", gcs="http://127.0.0.1:9")
    )
    opened = open_destination(AWS, guard=EgressGuard(EgressSettings()), settings=settings)
    yield opened
    await opened.close()


def error(code: str) -> bytes:
    return f"<?xml version='1.0'?>\n<Error><Code>{code}</Code><Message>hidden-key</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        ("403 Forbidden", error("AccessDenied"), StorageRefused),
        ("403 Forbidden", error("InvalidAccessKeyId"), StorageRefused),
        ("403 Forbidden", error("RequestTimeTooSkewed"), StorageUnavailable),
        ("404 Not Found", error("NoSuchBucket"), StorageRefused),
        ("404 Not Found", error("NoSuchUpload"), UploadUnknown),
        ("400 Bad Request", error("InvalidPart"), UploadUnknown),
        ("400 Bad Request", error("BadDigest"), StorageUnavailable),
        ("400 Bad Request", error("RequestTimeout"), StorageUnavailable),
        ("400 Bad Request", b"", StorageRefused),
        ("301 Moved Permanently", error("PermanentRedirect"), StorageRefused),
        ("307 Temporary Redirect", error("TemporaryRedirect"), StorageUnavailable),
        ("429 Too Many Requests", b"", StorageUnavailable),
        ("500 Internal Server Error", error("InternalError"), StorageUnavailable),
        ("503 Service Unavailable", error("SlowDown"), StorageUnavailable),
        ("507 Insufficient Storage", error("XMinioStorageFull"), StorageUnavailable),
        ("418 Teapot", error("hidden-key hidden-id"), StorageRefused),
    ],
)
async def test_what_answers_mean(
    host: Host, destination: Destination, status: str, body: bytes, kind: type[DestinationError]
) -> None:
    host.answer(status, body)
    with pytest.raises(DestinationError) as raised:
        await destination.put_part("film.mp4", "1", Part(1, 0, b"x", "0" * 64))
    assert type(raised.value) is kind
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (error("InternalError"), StorageUnavailable),
        (error("AccessDenied"), StorageRefused),
        (b"<CompleteMultipartUploadResult><Location>x</Loc", StorageUnavailable),
        (b"", StorageUnavailable),
    ],
)
async def test_an_end_may_fail_after_its_status(
    host: Host, destination: Destination, body: bytes, kind: type[DestinationError]
) -> None:
    host.answer("200 OK", body)
    with pytest.raises(DestinationError) as raised:
        await destination.complete("film.mp4", "1", [(1, "0" * 32)], 1)
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("size_bytes", "etag", "is_it"),
    [
        (10, "4a9a48be97f6a0d3b1d8e1a4a14c7d6f-9", False),
        (10, "whatever-kms-says", False),
        (10, "", True),
        (10, "0123", True),
        (11, "", False),
    ],
)
async def test_an_upload_that_is_gone_may_be_complete(
    host: Host, destination: Destination, size_bytes: int, etag: str, is_it: bool
) -> None:
    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        if request.startswith(b"HEAD"):
            head = f'HTTP/1.1 200 OK\r\ncontent-length: {size_bytes}\r\netag: "{etag}"\r\nconnection: close\r\n\r\n'
            writer.write(head.encode())
        else:
            body = error("NoSuchUpload")
            head = f"HTTP/1.1 404 Not Found\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            writer.write(head.encode() + body)
        await writer.drain()

    host.answer_with(respond)
    if is_it:
        await destination.complete("film.mp4", "1", [(1, "0" * 32), (2, "1" * 32)], 10)
    else:
        with pytest.raises(UploadUnknown):
            await destination.complete("film.mp4", "1", [(1, "0" * 32), (2, "1" * 32)], 10)


async def test_keys_that_may_only_write_are_good_enough(host: Host, destination: Destination) -> None:
    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        status, body = ("200 OK", b"") if request.startswith(b"PUT") else ("403 Forbidden", error("AccessDenied"))
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        await writer.drain()

    host.answer_with(respond)
    await destination.check()
    assert [request.split(b" ")[:2] for request in host.requests] == [
        [b"PUT", b"/films/2026/.reelkit-check"],
        [b"DELETE", b"/films/2026/.reelkit-check"],
    ]


async def test_the_server_is_told_the_digest_of_a_part(host: Host, destination: Destination) -> None:
    host.answer("200 OK", etag='"1"')
    await destination.put_part("film.mp4", "a b&c", Part(3, None, b"x", "ab" * 32))
    request = host.requests[0].lower()
    assert request.startswith(b"put /films/2026/film.mp4?partnumber=3&uploadid=a%20b%26c http/1.1\r\n")
    assert b"\r\nx-amz-content-sha256: " + b"ab" * 32 + b"\r\n" in request
    md5 = b64encode(hashlib.md5(b"x", usedforsecurity=False).digest())
    assert b"\r\ncontent-md5: " + md5.lower() + b"\r\n" in request
    assert b"hidden-key" not in request


async def test_the_guard_judges_what_the_operator_did_not_name(host: Host) -> None:
    async def inside(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    destination = open_destination(AWS, guard=EgressGuard(EgressSettings(), inside), settings=StorageSettings())
    with pytest.raises(StorageRefused, match="not on the public internet"):
        await destination.check()
    await destination.close()
    assert host.requests == []
