"""What tests of connections share."""

import asyncio
from typing import Any

import pytest

_MOST_S = 0.02
"""What passes between two looks at the clock counts as no more than this."""


@pytest.fixture
async def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time in which the machine stood still does not pass for the test's event loop: of deadlines that are real and
    short, only those end that nothing was done about."""
    loop: Any = asyncio.get_running_loop()
    real_time, select = loop.time, loop._selector.select
    shown_s = seen_s = real_time()

    def time() -> float:
        nonlocal shown_s, seen_s
        now_s = real_time()
        shown_s += min(now_s - seen_s, _MOST_S)
        seen_s = now_s
        return float(shown_s)

    def look(timeout_s: float | None = None) -> Any:
        return select(timeout_s if timeout_s is None else min(timeout_s, _MOST_S / 2))

    monkeypatch.setattr(loop, "time", time)
    monkeypatch.setattr(loop._selector, "select", look)
