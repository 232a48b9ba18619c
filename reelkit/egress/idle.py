"""An end for connections on which nothing happens."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reelkit.egress.wire import Wire


@contextmanager
def cut_when_idle(wires: Sequence[Wire], timeout_s: float) -> Iterator[None]:
    """Aborts all of ``wires`` when none has brought a byte for ``timeout_s``."""
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []

    def check() -> None:
        timers.clear()
        due_s = max(wire.last_s for wire in wires) + timeout_s
        if due_s > loop.time():
            timers.append(loop.call_at(due_s, check))
            return
        for wire in wires:
            wire.abort()

    check()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
