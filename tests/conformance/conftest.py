"""A whole server that can stream to a real RTMP server of its operator's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from testbed.nginx_rtmp import NginxRtmp
from testbed.stack import Stack


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    ingest = NginxRtmp(tmp_path / "rtmp")
    environment = {"REELKIT_LIVESTREAM__INGEST_SERVER": ingest.url("").rstrip("/")}
    async with ingest, Stack(environment=environment) as running:
        yield running
