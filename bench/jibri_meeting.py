"""What the recorder in the manner of Jibri looks at of a meeting.

A page that joins it with the official SDK and shows the participants' pictures in the rectangles of Reelkit's films,
unscaled, and nothing else: none of what a real meeting's page also draws.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.site import Site
from reelkit.render.layout import Rect
from testbed.chromium import trusting
from testbed.signalling import ServerAddress
from testbed.web_server import SDK

PAGE = Path(__file__).with_name("viewer.html")


class MeetingPage:
    """An async context manager that serves the page; ``flags`` are what Chromium needs to reach the server from it.

    ``token`` is that of a participant of its own.
    """

    def __init__(self, address: ServerAddress, token: str, tiles: Mapping[str, Rect]) -> None:
        self._address = address
        self._token = token
        self._tiles = dict(tiles)
        self._resources = AsyncExitStack()
        self.url = ""
        self.flags: tuple[str, ...] = ()

    async def __aenter__(self) -> Self:
        async with self._resources:
            site = Path(tempfile.mkdtemp(prefix="reelkit-jibri-page-"))
            self._resources.callback(shutil.rmtree, site, ignore_errors=True)
            await asyncio.to_thread(self._write, site)
            self.flags = await asyncio.to_thread(trusting, self._address)
            self.url = f"{self._resources.enter_context(Site(site))}/{PAGE.name}"
            self._resources = self._resources.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._resources.aclose()

    def _write(self, site: Path) -> None:
        shutil.copy(PAGE, site)
        shutil.copy(SDK, site / "browser.js")
        setup = {
            "token": self._token,
            "base_uri": f"{self._address.base}:{self._address.tls_port}",
            "tiles": {
                name: {"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height}
                for name, rect in self._tiles.items()
            },
        }
        (site / "setup.json").write_text(json.dumps(setup))
