"""Google Cloud Storage: two stand-ins, neither of which can do it all.

No emulator knows the multipart uploads of Google's XML API. That part of it is Amazon's but for the proof of who asks,
so that :class:`GcsService` lets ``rclone serve s3`` do the objects and does the proof itself: a token endpoint that
checks assertions, and tokens that have to be shown. :class:`GcsEmulator` is gcp-storage-emulator from PyPI, which takes
whole objects by XML and tells of them in JSON.
"""

import json
import secrets
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from reelkit.clock import Clock, SystemClock
from reelkit.process import ChildProcess
from reelkit.publish.storage.gcs import TOKEN_URL
from reelkit.publish.storage.targets import GcsTarget
from reelkit.settings import StorageEndpoints, StorageSettings
from testbed.free_port import LOOPBACK, free_port
from testbed.storage.s3 import RcloneS3
from testbed.storage.server import BUCKET, StorageServer

EMAIL = "films@testbed.iam.gserviceaccount.com"
EMULATOR = Path(sys.executable).with_name("gcp-storage-emulator")
_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "host", "authorization"}


class Account:
    """A service account and its key file, made anew."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        return self._key.public_key()

    def key_file(self, token_uri: str = TOKEN_URL) -> str:
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "testbed",
                "private_key_id": "1",
                "private_key": pem.decode(),
                "client_email": EMAIL,
                "token_uri": token_uri,
            }
        )


class GcsService(RcloneS3):
    """``port`` is that of the service; rclone's lies behind it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, authenticated=False)
        self.account = Account()
        self.tokens: set[str] = set()
        """Those that count. A test may take them away."""
        self.assertions: list[dict[str, object]] = []
        self.clock: Clock = SystemClock()
        self.rclone_port = self.port
        self._front_port = free_port()
        self._front: ThreadingHTTPServer | None = None

    def gcs_target(self, path: str = "") -> GcsTarget:
        return GcsTarget(type="gcs", service_account=SecretStr(self.account.key_file()), bucket=BUCKET, path=path)

    def wrong_gcs_target(self) -> GcsTarget:
        stranger = SecretStr(Account().key_file())
        return self.gcs_target().model_copy(update={"service_account": stranger})

    def gcs_settings(self, port: int | None = None) -> StorageSettings:
        url = f"http://{LOOPBACK}:{port or self.front_port}"
        return StorageSettings(endpoints=StorageEndpoints(gcs=url, gcs_token=f"{url}/token"))

    @property
    def front_port(self) -> int:
        return self._front_port

    async def start(self) -> None:
        await super().start()
        self.behind = httpx.Client(timeout=60.0)
        service = self

        class Handler(_Handler):
            gcs = service

        self._front = ThreadingHTTPServer((LOOPBACK, self._front_port), Handler)
        self._front.daemon_threads = True
        threading.Thread(target=self._front.serve_forever, args=(0.05,), name="testbed-gcs", daemon=True).start()

    async def stop(self) -> None:
        if self._front is not None:
            self._front.shutdown()
            self._front.server_close()
            self._front = None
            self.behind.close()
        await super().stop()

    def token_for(self, assertion: str) -> str | None:
        """A token if the assertion is right, as Google checks it."""
        try:
            claims = jwt.decode(
                assertion,
                self.account.public_key,
                algorithms=["RS256"],
                audience=TOKEN_URL,
                options={"verify_iat": False, "verify_exp": False},
            )
        except jwt.PyJWTError:
            return None
        lifetime_s = claims["exp"] - claims["iat"]
        if claims["iss"] != EMAIL or "devstorage" not in claims["scope"] or not 0 < lifetime_s <= 3_600:
            return None
        if abs(claims["iat"] - self.clock.time_s()) > 300:
            return None
        self.assertions.append(claims)
        token = secrets.token_urlsafe()
        self.tokens.add(token)
        return token


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gcs: GcsService

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path == "/token":
            self._token(body)
        elif self.headers.get("authorization", "").removeprefix("Bearer ") not in self.gcs.tokens:
            self._answer(401, b"<Error><Code>AuthenticationRequired</Code></Error>")
        else:
            self._forward(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the standard library's names

    def _token(self, body: bytes) -> None:
        form = parse_qs(body.decode())
        token = self.gcs.token_for(form.get("assertion", [""])[0])
        if form.get("grant_type") != ["urn:ietf:params:oauth:grant-type:jwt-bearer"] or token is None:
            self._answer(400, b'{"error": "invalid_grant"}')
        else:
            said = {"access_token": token, "expires_in": 3_599, "token_type": "Bearer"}
            self._answer(200, json.dumps(said).encode())

    def _forward(self, body: bytes) -> None:
        url = f"http://{LOOPBACK}:{self.gcs.rclone_port}{self.path}"
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            answer = self.gcs.behind.request(self.command, url, content=body or None, headers=headers)
        except httpx.TransportError:
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        length = answer.headers.get("content-length") if self.command == "HEAD" else str(len(answer.content))
        if answer.status_code != HTTPStatus.NO_CONTENT:
            self.send_header("content-length", length or "0")
        self.end_headers()
        self.wfile.write(answer.content)

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class GcsEmulator(StorageServer):
    """gcp-storage-emulator with a bucket; knows no tokens."""

    def target(self, path: str = "") -> GcsTarget:
        return GcsTarget(type="gcs", service_account=SecretStr(Account().key_file()), bucket=BUCKET, path=path)

    def wrong_target(self) -> GcsTarget:
        raise NotImplementedError("it lets everybody in")

    def settings(self, port: int | None = None) -> StorageSettings:
        return StorageSettings(endpoints=StorageEndpoints(gcs=f"http://{LOOPBACK}:{port or self.port}"))

    async def content(self, name: str) -> tuple[bytes, str]:
        """An object and its type, as the emulator's JSON API tells them."""
        url = f"http://{LOOPBACK}:{self.port}/storage/v1/b/{BUCKET}/o/{name.replace('/', '%2F')}"
        async with httpx.AsyncClient() as client:
            said = (await client.get(url)).json()
            return (await client.get(url, params={"alt": "media"})).content, said["contentType"]

    def _command(self) -> ChildProcess:
        return ChildProcess(
            [
                EMULATOR,
                *("start", "--host", LOOPBACK, "--port", str(self.port)),
                *("--in-memory", "--default-bucket", BUCKET),
            ],
            name="gcp-storage-emulator",
            on_stderr=self.lines.append,
        )
