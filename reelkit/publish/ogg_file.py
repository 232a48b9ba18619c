"""An Ogg file of sound alone."""

from pathlib import Path

from reelkit.publish.ogg import Page, renumbered
from reelkit.publish.part_file import PartFile
from reelkit.publish.upload.growth import Growth

_SERIAL = 0x5265656C
"""Of the logical stream: any number, but the same each time."""


class OggFile:
    """Writes pages to ``path``, by way of ``<path>.part``."""

    def __init__(self, path: Path) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self.path = path
        self._file = PartFile(path)

    def append(self, page: Page) -> None:
        """Adds the next page. Raises OSError."""
        self._file.append(renumbered(page, _SERIAL))

    def growths(self) -> list[Growth]:
        """What can be read of it. Raises OSError."""
        self._file.flush()
        return [self._file.growth]

    def finish(self) -> None:
        """Puts the file in its place, durably. Raises OSError."""
        self._file.keep()

    def discard(self) -> None:
        """Gives up an unfinished file; harmless after :meth:`finish`. Raises OSError."""
        self._file.discard()
