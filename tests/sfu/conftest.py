"""Fixtures with a real Janus."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelkit.clock import SystemClock
from reelkit.settings import SfuSettings
from reelkit.sfu import Sfu


@pytest.fixture
async def sfu(tmp_path: Path) -> AsyncIterator[Sfu]:
    async with Sfu(SfuSettings(), tmp_path / "janus", SystemClock()) as running:
        yield running
