"""Pages given as strings, served on loopback: one address stands for the public internet, another for what must not be
reached."""

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.egress.hosts import Host, host_on

PUBLIC, INSIDE = "127.0.0.1", "127.0.0.2"
SAY = (
    "<script>const say = (name, value) => fetch('/said?' + encodeURIComponent(JSON.stringify([name, value])))</script>"
)
"""With it a page tells its site something."""
_SAID = "/said"


@dataclass(frozen=True)
class Answer:
    """What a path gives; ``body`` None for an answer that never ends."""

    body: str | bytes | None = ""
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "text/html; charset=utf-8"


def redirect(location: str) -> Answer:
    return Answer(status="302 Found", headers={"location": location})


class Site:
    """``pages`` are answers by path, HTML if they are strings; what there is none for is not found."""

    def __init__(self, host: Host, address: str) -> None:
        self.pages: dict[str, str | Answer] = {}
        self.said: dict[str, Any] = {}
        """What pages told of themselves."""
        self.asked: list[str] = []
        """Paths with their queries."""
        self._host = host
        self._address = address
        self._heard = asyncio.Event()
        self._held: set[asyncio.StreamWriter] = set()
        host.answer_with(self._respond)

    @property
    def port(self) -> int:
        return self._host.port

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        return f"http://{host or self._address}:{self.port}{path}"

    def show(self, body: str) -> str:
        """The address of a page with this HTML."""
        self.pages["/"] = f"<!doctype html>{SAY}{body}"
        return self.url()

    async def told(self, *names: str, timeout_s: float = 20.0) -> Any:
        """Waits until a page has told all this; gives the first of it."""
        async with asyncio.timeout(timeout_s):
            while not self.said.keys() >= set(names):
                self._heard.clear()
                await self._heard.wait()
        return self.said[names[0]] if names else None

    async def asked_for(self, count: int, timeout_s: float = 20.0) -> None:
        """Waits until so much was asked for."""
        async with asyncio.timeout(timeout_s):
            while len(self.asked) < count:
                self._heard.clear()
                await self._heard.wait()

    def close(self) -> None:
        for writer in self._held:
            writer.close()

    async def _respond(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        target = request.split(b" ")[1].decode()
        path, _, query = target.partition("?")
        if path == _SAID:
            name, value = json.loads(unquote(query))
            self.said[name] = value
        else:
            self.asked.append(target)
        self._heard.set()
        page = self.pages.get(path, Answer("not found", "404 Not Found"))
        answer = page if isinstance(page, Answer) else Answer(page)
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        headers = {"content-type": answer.kind, "cache-control": "no-store", **answer.headers}
        if body is not None:
            headers["content-length"] = str(len(body))
        lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "connection: close", "", ""]).encode() + (body or b""))
        await writer.drain()
        if body is None:
            self._held.add(writer)
            await writer.wait_closed()


@asynccontextmanager
async def site_on(address: str = PUBLIC) -> AsyncIterator[Site]:
    async with host_on(address) as host:
        site = Site(host, address)
        try:
            yield site
        finally:
            site.close()


def self_signed(directory: Path) -> tuple[ssl.SSLContext, str]:
    """A server's context that nobody trusts, and the hash of its key (SHA-256, Base64)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "page.example")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "both.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "both.pem")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return context, base64.b64encode(hashlib.sha256(public).digest()).decode()
