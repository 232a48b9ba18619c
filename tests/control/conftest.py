from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.control.harness import Harness, harness_at


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with harness_at(tmp_path) as opened:
        yield opened
