"""How the renderer's process deals with memory."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of the parameters in glibc's malloc.h."""
_KEPT_BYTES = 4 << 20
"""Room for the picture that is in the making: one of 1080p has 3 MB. What x264 asks for anew with each segment is
larger and goes back at once; keeping that too takes 37 MB and saves nothing."""


def keep_freed_memory() -> bool:
    """Lets the C library keep up to 4 MB that were freed instead of giving them back to the system at once.

    Every frame of a film frees about as much as the next one asks for. Giving it back means that the system has to
    clear each page anew, which costs a tenth of what composing a 720p film does. Tells whether the C library can.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # not glibc
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)) and bool(mallopt(_TRIM_THRESHOLD, _KEPT_BYTES))
