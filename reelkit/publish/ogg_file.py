"""An Ogg file of sound alone."""

import os
from pathlib import Path

from reelkit.durable import sync_directory
from reelkit.publish.ogg import Page, renumbered

_SERIAL = 0x5265656C
"""Of the logical stream: any number, but the same each time."""


class OggFile:
    """Writes pages to ``path``, by way of ``<path>.part``."""

    def __init__(self, path: Path) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._file = self._part.open("wb")

    def append(self, page: Page) -> None:
        """Adds the next page. Raises OSError."""
        self._file.write(renumbered(page, _SERIAL))

    def finish(self) -> None:
        """Puts the file in its place, durably. Raises OSError."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self.path)
        sync_directory(self.path.parent)

    def discard(self) -> None:
        """Gives up an unfinished file; harmless after :meth:`finish`."""
        if not self._file.closed:
            self._file.close()
            self._part.unlink(missing_ok=True)
