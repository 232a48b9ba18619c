"""Fixtures of the gateway's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rooms.meeting import FakeMeeting


@pytest.fixture
async def meeting(tmp_path: Path) -> AsyncIterator[FakeMeeting]:
    """A gateway on fakes, closed at the end."""
    running = FakeMeeting(tmp_path)
    yield running
    await running.gateway.close()
