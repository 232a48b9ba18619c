"""PulseAudio's own client library, which Chromium uses too (package libpulse0)."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reelkit.page.sample_spec import SampleSpec

_PLAYBACK = 1
_LIBRARY = ctypes.CDLL("libpulse-simple.so.0")
_LIBRARY.pa_simple_new.restype = ctypes.c_void_p
_LIBRARY.pa_simple_get_latency.restype = ctypes.c_uint64


class _SampleSpec(ctypes.Structure):
    _fields_ = (("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8))


class PulseError(Exception):
    """The library says no."""


class PulseStream:
    """Every call waits: use it in a thread, and one at a time."""

    def __init__(self, handle: int) -> None:
        self._handle = ctypes.c_void_p(handle)

    def write(self, data: bytes) -> None:
        """Returns as soon as the server has asked for all of it."""
        self._call("write", data, ctypes.c_size_t(len(data)))

    def drain(self) -> None:
        self._call("drain")

    def flush(self) -> None:
        self._call("flush")

    def latency_s(self) -> float:
        return float(self._call("get_latency")) / 1e6

    def _call(self, name: str, *arguments: object) -> int:
        error = ctypes.c_int()
        result = int(getattr(_LIBRARY, f"pa_simple_{name}")(self._handle, *arguments, ctypes.byref(error)))
        if error.value:
            raise PulseError(f"{name}: {error.value}")
        return result


@contextmanager
def pulse_stream(socket_path: Path, spec: SampleSpec) -> Iterator[PulseStream]:
    """Connects, and disconnects again without any ado."""
    error = ctypes.c_int()
    handle = _LIBRARY.pa_simple_new(
        f"unix:{socket_path}".encode(),
        b"test",
        _PLAYBACK,
        None,
        b"test",
        ctypes.byref(_SampleSpec(spec.format, spec.rate_hz, spec.channels)),
        None,
        None,
        ctypes.byref(error),
    )
    if not handle:
        raise PulseError(f"connect: {error.value}")
    try:
        yield PulseStream(handle)
    finally:
        _LIBRARY.pa_simple_free(ctypes.c_void_p(handle))
