"""A compressed tar that grows (POSIX.1-2001 ustar, RFC 1952).

Every file is a gzip member of its own: what was written never changes, and the end of the archive is a few bytes. Of
the same files it is, bit for bit, the same archive: no times, no owners.
"""

import tarfile
import zlib
from pathlib import Path

from reelkit.publish.part_file import PartFile
from reelkit.publish.upload.growth import Growth

_LEVEL = 1
_MEDIA_STRATEGY = zlib.Z_RLE
"""Of encoded media only the stuffing becomes smaller: all else takes three times as long and saves half a percent."""
_GZIP_BITS = 16 + zlib.MAX_WBITS
_MODE = 0o644


class Archive:
    """A ``.tar.gz`` at ``path``, by way of ``<path>.part``."""

    def __init__(self, path: Path) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self._part = PartFile(path)

    def add(self, name: str, content: bytes, *, media: bool = False) -> None:
        """Appends a file; ``media`` for one that is hardly to be compressed. Raises OSError."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), _MODE
        padding = bytes(-len(content) % tarfile.BLOCKSIZE)
        strategy = _MEDIA_STRATEGY if media else zlib.Z_DEFAULT_STRATEGY
        self._write(info.tobuf(tarfile.USTAR_FORMAT) + content + padding, strategy)

    def growth(self) -> Growth:
        """What can be read of it. Raises OSError."""
        self._part.flush()
        return self._part.growth

    def keep(self) -> None:
        """Ends the archive and puts it in its place, durably. Raises OSError."""
        self._write(bytes(2 * tarfile.BLOCKSIZE))
        self._part.keep()

    def discard(self) -> None:
        """Gives up an unfinished archive; harmless after :meth:`keep`. Raises OSError."""
        self._part.discard()

    def _write(self, content: bytes, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> None:
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_BITS, zlib.DEF_MEM_LEVEL, strategy)
        self._part.append(compressor.compress(content) + compressor.flush())
