"""Gives the disk space of packets back that no film needs any more, also while their file still grows.

Packet files are not rotated: switching Janus' recorder off and on loses packets and asks every sender for a keyframe.
Instead the space of a file's beginning is handed back to the file system (fallocate(2), FALLOC_FL_PUNCH_HOLE). The
file keeps its length, its header and the places of its other records; what was given back reads as zeros, and
:class:`reelkit.capture.mjr.MjrReader` steps over it. Janus, which only appends, does not notice.
"""

import ctypes
import errno
import os
from pathlib import Path

from reelkit.capture.errors import PacketFileError, ReclaimUnsupported
from reelkit.capture.layout import RECLAIMED_FILE
from reelkit.capture.mjr import records_offset
from reelkit.durable import write_durably

MIN_BYTES = 1 << 18
"""Less is not worth a change of the file system: a minute of a voice, some seconds of a camera."""

_KEEP_SIZE, _PUNCH_HOLE = 0x1, 0x2  # linux/falloc.h
_SECTOR_BYTES = 512  # unit of st_blocks
_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
_libc.fallocate.restype = ctypes.c_int


def give_back(path: Path, until: int | None) -> int:
    """Gives back the records of a packet file before the offset ``until`` (a record's position; None for all that is
    written); tells how many bytes the disk got. The file's times stay as they are.

    Raises ReclaimUnsupported, OSError. A file that is gone or is no packet file has nothing to give.
    """
    try:
        start = records_offset(path)
    except (FileNotFoundError, PacketFileError):
        return 0
    if start is None:
        return 0
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        before = os.fstat(descriptor)
        stop = before.st_size if until is None else min(until, before.st_size)
        if stop <= start:
            return 0
        # Whole blocks are freed, the rest of the range is zeroed: no torn record is left on either side.
        if _libc.fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, start, stop - start) != 0:
            number = ctypes.get_errno()
            if number in {errno.EOPNOTSUPP, errno.ENOSYS}:
                raise ReclaimUnsupported("the file system cannot give back parts of files", path=path)
            raise OSError(number, os.strerror(number), str(path))
        # When a packet was last written is how recovery knows the end of a recording that crashed.
        os.utime(descriptor, ns=(before.st_atime_ns, before.st_mtime_ns))
        return max(0, before.st_blocks - os.fstat(descriptor).st_blocks) * _SECTOR_BYTES
    finally:
        os.close(descriptor)


def mark_reclaimed(capture_dir: Path) -> None:
    """Notes durably that packets of this capture are given back; to be called before the first. Raises OSError."""
    if not is_reclaimed(capture_dir):
        write_durably(capture_dir / RECLAIMED_FILE, b"")


def is_reclaimed(capture_dir: Path) -> bool:
    """Whether packets of this capture may be missing because films that were rendered no longer need them."""
    return (capture_dir / RECLAIMED_FILE).exists()
