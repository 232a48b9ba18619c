import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.fetch import Fetcher
from reelkit.egress.guard import EgressGuard
from reelkit.settings import EgressSettings
from tests.egress.hosts import Host, host_on

# One address of the loopback network stands for the public internet, another for what must not be reached.
OPEN, CLOSED = "127.0.0.1", "127.0.0.2"
SETTINGS = EgressSettings(allowed_networks=[OPEN])
NAMES = {"images.example": [OPEN], "internal.example": [CLOSED], "mixed.example": [OPEN, CLOSED]}


async def resolve(host: str, _: int) -> Sequence[str]:
    return NAMES.get(host, [host])


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with host_on(OPEN) as opened:
        yield opened


async def fetch(
    url: str, *, max_bytes: int = 1_000, timeout_s: float = 5.0, tls: ssl.SSLContext | None = None
) -> bytes:
    return await Fetcher(EgressGuard(SETTINGS, resolve), tls).fetch(url, max_bytes=max_bytes, timeout_s=timeout_s)


async def test_a_body_comes_whole_and_nothing_is_told_about_us(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.2:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.2:9")
    host.answer("200 OK", b"x" * 1_000, set_cookie="a=b")
    fetcher = Fetcher(EgressGuard(SETTINGS, resolve))
    for _ in range(2):
        url = f"http://images.example:{host.port}/a%20b?c=d#e"
        assert await fetcher.fetch(url, max_bytes=1_000, timeout_s=5) == b"x" * 1_000

    assert host.requests[1].startswith(b"GET /a%20b?c=d HTTP/1.1\r\n")
    assert f"host: images.example:{host.port}\r\n".encode() in host.requests[1].lower()
    assert b"cookie" not in host.requests[1].lower()
    assert b"authorization" not in host.requests[1].lower()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://images.example/x",
        "file:///etc/passwd",
        "gopher://images.example/",
        "images.example/x",
        "http:///x",
        "http://user:secret@images.example/x",
        "http://[::1/x",
        "http://images.example:99999999/",
        "http://images.example:0/",
    ],
)
async def test_urls_of_a_wrong_form_are_refused(url: str) -> None:
    with pytest.raises(EgressRefused) as raised:
        await fetch(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", ["internal.example", "mixed.example", CLOSED, "[::ffff:127.0.0.2]", "10.0.0.1"])
async def test_what_the_guard_forbids_is_never_connected_to(name: str) -> None:
    async with host_on(CLOSED) as closed:
        closed.answer("200 OK", b"inside")
        with pytest.raises(EgressRefused):
            await fetch(f"http://{name}:{closed.port}/")
        assert closed.requests == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent"])
async def test_redirects_into_the_private_network_are_refused(host: Host, status: str) -> None:
    async with host_on(CLOSED) as closed:
        closed.answer("200 OK", b"inside")
        host.answer(status, location=f"http://internal.example:{closed.port}/")
        with pytest.raises(EgressRefused):
            await fetch(f"http://images.example:{host.port}/")
        assert closed.requests == []
    assert len(host.requests) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://images.example/", "http://a:b@images.example/"])
async def test_redirects_to_other_schemes_are_refused(host: Host, location: str) -> None:
    host.answer("302 Found", location=location)
    with pytest.raises(EgressRefused):
        await fetch(f"http://images.example:{host.port}/")


@pytest.mark.parametrize(("hops", "comes"), [(3, True), (4, False)])
async def test_three_redirects_are_followed(host: Host, hops: int, comes: bool) -> None:
    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        hop = int(request.split(b" ")[1].strip(b"/"))
        status = "200 OK" if hop == hops else f"302 Found\r\nlocation: /{hop + 1}"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".encode())

    host.answer_with(respond)
    if comes:
        assert await fetch(f"http://images.example:{host.port}/0") == b"ok"
    else:
        with pytest.raises(FetchFailed, match="redirects"):
            await fetch(f"http://images.example:{host.port}/0")


async def test_a_name_that_changes_its_meaning_does_not_lead_inside(host: Host) -> None:
    """DNS rebinding: the first answer is good and every later one is not."""
    answers = [[OPEN]]

    async def rebinding(_: str, __: int) -> Sequence[str]:
        return answers.pop() if answers else [CLOSED]

    host.answer("200 OK", b"outside")
    fetcher = Fetcher(EgressGuard(SETTINGS, rebinding))
    url = f"http://rebinding.example:{host.port}/"
    assert await fetcher.fetch(url, max_bytes=100, timeout_s=5) == b"outside"
    with pytest.raises(EgressRefused):
        await fetcher.fetch(url, max_bytes=100, timeout_s=5)

    answers.append([OPEN])
    host.answer("302 Found", location="/again")
    with pytest.raises(EgressRefused):
        await fetcher.fetch(url, max_bytes=100, timeout_s=5)


async def test_the_next_address_is_tried_when_one_does_not_answer(host: Host) -> None:
    async def two(_: str, __: int) -> Sequence[str]:
        return ["127.0.0.3", OPEN]

    host.answer("200 OK", b"ok")
    guard = EgressGuard(EgressSettings(allowed_networks=[OPEN, "127.0.0.3"]), two)
    assert await Fetcher(guard).fetch(f"http://a.example:{host.port}/", max_bytes=9, timeout_s=5) == b"ok"


async def test_an_announced_oversize_is_not_even_read(host: Host) -> None:
    host.answer("200 OK", b"x" * 1_001)
    with pytest.raises(FetchFailed, match="larger than 1000 bytes") as raised:
        await fetch(f"http://images.example:{host.port}/")
    assert not raised.value.retry


async def test_a_body_without_end_is_cut_off(host: Host) -> None:
    sent = 0

    async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    host.answer_with(respond)
    with pytest.raises(FetchFailed, match="larger than"):
        await fetch(f"http://images.example:{host.port}/", max_bytes=100_000)
    assert sent < 20_000_000


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"])
async def test_a_slow_host_is_given_up(host: Host, head: bytes) -> None:
    """A byte now and then resets no clock: the whole has one deadline."""
    gone = asyncio.Event()

    async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not gone.is_set():
            writer.write(b"x")
            await writer.drain()
            await asyncio.wait({asyncio.ensure_future(gone.wait())}, timeout=0.02)

    host.answer_with(respond)
    with pytest.raises(FetchFailed, match=r"within 0\.2 s") as raised:
        await fetch(f"http://images.example:{host.port}/", timeout_s=0.2)
    gone.set()
    assert raised.value.retry


@pytest.mark.parametrize(
    ("status", "retry"), [("404 Not Found", False), ("204 No Content", False), ("503 Service Unavailable", True)]
)
async def test_other_answers_are_failures(host: Host, status: str, retry: bool) -> None:
    host.answer(status)
    with pytest.raises(FetchFailed, match=status[:3]) as raised:
        await fetch(f"http://images.example:{host.port}/")
    assert raised.value.retry is retry


async def test_compressed_bodies_are_not_taken(host: Host) -> None:
    host.answer("200 OK", b"x", content_encoding="gzip")
    with pytest.raises(FetchFailed, match="encoding"):
        await fetch(f"http://images.example:{host.port}/")


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"])
async def test_answers_that_break_off_are_failures(host: Host, answer: bytes) -> None:
    async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    host.answer_with(respond)
    with pytest.raises(FetchFailed):
        await fetch(f"http://images.example:{host.port}/")


async def test_a_closed_port_is_a_failure() -> None:
    async with host_on(OPEN) as closed:
        port = closed.port
    with pytest.raises(FetchFailed) as raised:
        await fetch(f"http://images.example:{port}/")
    assert raised.value.retry


def _authority(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for images.example, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "images.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("images.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "both.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(directory / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


async def test_certificates_are_checked_for_the_name_in_the_url(tmp_path: Path) -> None:
    server, client = _authority(tmp_path)
    async with host_on(OPEN, server) as host:
        host.answer("200 OK", b"ok")
        assert await fetch(f"https://images.example:{host.port}/", tls=client) == b"ok"
        for url, tls in ((f"https://{OPEN}:{host.port}/", client), (f"https://images.example:{host.port}/", None)):
            with pytest.raises(FetchFailed):
                await fetch(url, tls=tls)
        assert len(host.requests) == 1
