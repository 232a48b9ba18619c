"""Serves the test bed's page and the SDK from loopback: a browser gives cameras only to secure or local origins."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

WEB = Path(__file__).resolve().parent / "web"
SDK = WEB / "node_modules/@cloudflare/realtimekit/dist/browser.js"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing: requests of a test are not worth a line."""


class WebServer:
    """A context manager; ``url`` is the page. Raises FileNotFoundError if the SDK is not installed."""

    def __init__(self) -> None:
        if not SDK.exists():
            raise FileNotFoundError(f"{SDK}: run scripts/setup.sh first")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(WEB)))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="testbed-web")

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self._server.server_port}/page.html"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
