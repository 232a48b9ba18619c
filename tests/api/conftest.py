from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.api.harness import Api, api_at
from tests.api.live import LiveServer


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with api_at(tmp_path) as opened:
        yield opened


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path) as server:
        yield server
