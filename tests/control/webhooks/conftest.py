from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from testbed.webhook_receiver import WebhookReceiver
from tests.control.webhooks.harness import Line, line_at


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with line_at(tmp_path) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver() as opened:
        yield opened
