"""Names are resolved in threads of their own."""

import socket
import threading
from typing import Any

import pytest

from reelkit.egress.errors import FetchFailed
from reelkit.egress.guard import EgressGuard
from reelkit.egress.resolver import ThreadedResolver
from reelkit.settings import EgressSettings


async def test_a_guard_uses_it() -> None:
    resolver = ThreadedResolver(2)
    guard = EgressGuard(EgressSettings(allow_private=True), resolver)
    assert "127.0.0.1" in [str(address) for address in await guard.addresses("localhost", 80)]
    with pytest.raises(FetchFailed, match="resolved"):
        await guard.addresses("no-such-host.invalid", 80)
    resolver.close()


async def test_it_leaves_the_loops_own_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_in: list[str] = []

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        asked_in.append(threading.current_thread().name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    resolver = ThreadedResolver(2)
    assert await resolver("example.com", 80) == ["192.0.2.1"]
    assert asked_in[0].startswith("resolver")
    resolver.close()
