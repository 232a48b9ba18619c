from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelkit.db import Database
from tests.databases import database_at


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = database_at(tmp_path)
    await opened.open()
    yield opened
    await opened.close()
