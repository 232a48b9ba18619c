"""The application behind a real listener, in a thread with an event loop of its own, for clients that block."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from cloudflare import Cloudflare

from reelkit.api.listeners import Listener
from tests.api.harness import Api, api_at
from tests.patience import PATIENCE_S

MAX_MESSAGE_BYTES = 1 << 16

T = TypeVar("T")


class LiveServer:
    """``url`` and ``token`` are there once it is entered."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self._data = data
        self._settings = settings
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="live-server")
        self._clients: list[Cloudflare] = []
        self.api: Api | None = None
        """For what no client can do; touch it through :meth:`call`."""
        self.url = ""
        self.token = ""
        self.account_id = ""
        self.app_id = ""

    def client(self, token: str | None = None) -> Cloudflare:
        """The official client, as an operator would construct it."""
        client = Cloudflare(api_token=token or self.token, base_url=f"{self.url}/client/v4", max_retries=0)
        self._clients.append(client)
        return client

    def call(self, awaitable: Coroutine[Any, Any, T]) -> T:
        """Awaits something in the server's event loop."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(PATIENCE_S)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with api_at(self._data, **self._settings) as api:
            listener = Listener("127.0.0.1", 0)
            await listener.start(api.app, max_message_bytes=MAX_MESSAGE_BYTES)
            self.api, self.url, self.token = api, listener.url, api.token
            self.account_id, self.app_id = api.control.app.account_id, api.control.app.id
            self._ready.set()
            await self._stop.wait()
            await listener.close()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
