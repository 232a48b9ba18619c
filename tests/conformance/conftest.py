"""The whole stack, for tests from the start call to the decoded film."""

from collections.abc import AsyncIterator

import pytest

from testbed.stack import Stack


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    async with Stack() as running:
        yield running
