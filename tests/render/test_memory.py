import ctypes
import subprocess
import sys

import pytest

from reelkit.render.memory import keep_freed_memory

_SCRIPT = """
import resource, sys
import av
from reelkit.render.memory import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()
def make(count):
    for _ in range(count):
        for plane in av.VideoFrame(1280, 720, "yuv420p").planes:
            plane.update(bytes(plane.buffer_size))
make(20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
make(50)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Pages that the system had to give for fifty frames."""
    run = subprocess.run([sys.executable, "-c", _SCRIPT, how], capture_output=True, text=True, check=True)
    return int(run.stdout)


def test_frames_use_the_memory_of_those_before() -> None:
    if not hasattr(ctypes.CDLL(None), "mallopt"):
        pytest.skip("the C library is not glibc")

    assert faults("keep") < faults("give back") / 4


def test_other_c_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())

    assert not keep_freed_memory()
