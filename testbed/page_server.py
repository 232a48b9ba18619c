"""Serves pages that are to be recorded, among them a recording app with the official SDKs and UI Kit."""

import functools
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from testbed.file_server import FileServer
from testbed.web_server import SDK

PAGES = Path(__file__).resolve().parent / "pages"
_PACKAGES = PAGES / "node_modules/@cloudflare"
RECORDING_SDK = _PACKAGES / "realtimekit-recording-sdk/dist"
UI_KIT = _PACKAGES / "realtimekit-ui/dist/realtimekit-ui"
_FROM = {"/sdk/": SDK.parent, "/recording-sdk/": RECORDING_SDK, "/ui/": UI_KIT}


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}  # noqa: RUF012 - the base's

    def translate_path(self, path: str) -> str:
        for prefix, directory in _FROM.items():
            if path.startswith(prefix):
                self.directory, path = str(directory), path.removeprefix(prefix[:-1])
        return super().translate_path(path)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the base's
        """Says nothing."""


class PageServer(FileServer):
    """A context manager; ``origin`` is its address. Raises FileNotFoundError if the packages are not installed."""

    def __init__(self) -> None:
        for path in (SDK, RECORDING_SDK, UI_KIT):
            if not path.exists():
                raise FileNotFoundError(f"{path}: run scripts/setup.sh --tests first")
        super().__init__(functools.partial(_Handler, directory=str(PAGES)), "page-server")
