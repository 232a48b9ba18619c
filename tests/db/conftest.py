from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelkit.db import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.at(tmp_path / "reelkit.sqlite3")
    await opened.open()
    yield opened
    await opened.close()
