"""A receiver of webhooks: an HTTP server that remembers each request, and answers as a test wants it to."""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from reelkit.process import wait_until

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request is answered.

    ``hang`` reads it and then says nothing until the client goes; ``reset`` closes the connection instead of answering.
    """

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    mode: Literal["answer", "hang", "reset"] = "answer"


@dataclass(frozen=True, slots=True)
class Received:
    """One request. ``headers`` have names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at_s: float
    """On the monotonic clock."""

    @property
    def uuid(self) -> str:
        return self.headers["rtk-uuid"]

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)
        return payload

    @property
    def event(self) -> str:
        return str(self.payload["event"])

    def signed_with(self, public_pem: str) -> bool:
        """Whether the signature is of this body and of that key."""
        key = load_pem_public_key(public_pem.encode())
        assert isinstance(key, RSAPublicKey)
        try:
            signature = base64.b64decode(self.headers["rtk-signature"], validate=True)
            key.verify(signature, self.body, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError, KeyError):
            return False
        return True


class WebhookReceiver:
    """Use it as an asynchronous context manager. ``answer`` decides each answer; set it at any time.

    ``received`` holds what came, in order, before it is answered; ``most_at_once`` is how many requests were being
    answered at the same time.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.received: list[Received] = []
        self.answer: Callable[[Received], Answer] = lambda _: Answer()
        self.open = 0
        self.most_at_once = 0
        self.refused = 0
        """How many got no 2xx."""
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/hook"

    @property
    def events(self) -> list[str]:
        """The names of what came, in order."""
        return [request.event for request in self.received]

    def answering(self, *answers: Answer) -> None:
        """The next requests get these answers, the last one also all that follow."""
        left = list(answers)

        def next_answer(_: Received) -> Answer:
            return left.pop(0) if len(left) > 1 else left[0]

        self.answer = next_answer

    async def until(self, count: int, timeout_s: float = _TIMEOUT_S) -> list[Received]:
        """Waits until ``count`` requests came."""

        async def reached() -> bool:
            return len(self.received) >= count

        await wait_until(reached, timeout_s=timeout_s, interval_s=0.005)
        return self.received[:count]

    async def start(self) -> None:
        """Listens; after :meth:`stop` again at the same port."""
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Closes every connection: whoever comes is refused by the system."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for handler in list(self._handlers):
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            # A client that goes, in the middle of a request too, is what tests do.
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._serve(reader, writer):
                    pass
        finally:
            self._handlers.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        pairs = (line.split(":", 1) for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        assert method == "POST", head[0]
        body = await reader.readexactly(int(headers["content-length"]))
        request = Received(path, headers, body, time.monotonic())
        self.open += 1
        self.most_at_once = max(self.most_at_once, self.open)
        try:
            self.received.append(request)
            return await self._reply(self.answer(request), reader, writer)
        finally:
            self.open -= 1

    async def _reply(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.refused += answer.mode != "answer" or not 200 <= answer.status < 300
        if answer.mode == "reset":
            writer.transport.abort()
            return False
        if answer.mode == "hang":
            await reader.read()
            return False
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        lines = [f"HTTP/1.1 {answer.status} Whatever", f"content-length: {len(answer.body)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + answer.body)
        await writer.drain()
        return True
