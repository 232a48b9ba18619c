"""Serves the test bed's page and the SDK from loopback: a browser gives cameras only to secure or local origins."""

import functools
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from testbed.file_server import FileServer

WEB = Path(__file__).resolve().parent / "web"
SDK = WEB / "node_modules/@cloudflare/realtimekit/dist/browser.js"


_MEDIA_PATH = "/media/"


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - of the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".m3u8": "application/vnd.apple.mpegurl",
        ".ts": "video/mp2t",
        ".vtt": "text/vtt",
    }

    def __init__(self, *arguments: Any, media: Path | None, **named: Any) -> None:  # noqa: ANN401 - the base's
        self._media = media
        super().__init__(*arguments, **named)

    def translate_path(self, path: str) -> str:
        if self._media is not None and path.startswith(_MEDIA_PATH):
            self.directory, path = str(self._media), path.removeprefix(_MEDIA_PATH[:-1])
        return super().translate_path(path)

    def log_message(self, *_: object) -> None:
        """Says nothing: requests of a test are not worth a line."""


class WebServer(FileServer):
    """A context manager; ``url`` is the page. The files of the directory ``media`` are served below ``/media/``.

    Raises FileNotFoundError if the SDK is not installed."""

    def __init__(self, media: Path | None = None) -> None:
        if not SDK.exists():
            raise FileNotFoundError(f"{SDK}: run scripts/setup.sh first")
        super().__init__(functools.partial(_Quiet, directory=str(WEB), media=media), "testbed-web")

    @property
    def url(self) -> str:
        """The page's address."""
        return f"{self.origin}/page.html"
