"""A file that comes to its place when it is finished."""

import os
from pathlib import Path
from typing import BinaryIO

from reelkit.durable import sync_directory
from reelkit.publish.upload.growth import Growth


class PartFile:
    """``<path>.part``, open for writing and reading as ``file`` until it is kept or given up.

    What is added with :meth:`append` can be sent elsewhere while the file grows: ``growth`` tells of it. Whatever else
    is written must lie in front of it, in a head whose size is then stated in ``growth``.
    """

    def __init__(self, path: Path, *, buffered: bool = True) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self.file: BinaryIO = self._part.open("w+b", -1 if buffered else 0)
        self.growth = Growth(path, self._part)

    def append(self, data: bytes) -> None:
        """Writes at the file's position what will not change any more. Raises OSError."""
        self.file.write(data)
        self.growth.digests.add(data)

    def flush(self) -> None:
        """Lets others read what was written; harmless after the end. Raises OSError."""
        if not self.file.closed:
            self.file.flush()

    def keep(self) -> None:
        """Puts the file in its place, durably. Raises OSError."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self._part.rename(self.path)
        sync_directory(self.path.parent)

    def discard(self) -> None:
        """Gives up an unfinished file; harmless after :meth:`keep`. Raises OSError."""
        if self.file.closed:
            return
        try:
            self.file.close()
        finally:
            # What was not written yet may have found no room.
            self._part.unlink(missing_ok=True)
