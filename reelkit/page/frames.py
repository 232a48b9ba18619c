"""Pictures on their way from a page's screen to the renderer."""

import math
import threading
from collections import deque
from dataclasses import dataclass

import av

Frame = av.VideoFrame
_MAX_BYTES = 160 << 20
"""Pictures that wait for the renderer: four seconds at 1280x720. More, and the machine cannot keep up at all."""
_MIN_FRAMES = 30


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture and the instant from which on it is seen, on the monotonic clock."""

    seen_s: float
    frame: Frame
    """Planes in yuv420p, in the film's size; never written to again."""


class FrameQueue:
    """Hands pictures from the thread that has the screen to the one that renders.

    Where the renderer does not keep up, the newest picture takes the place of the one before: the film repeats
    pictures then, but shows each at its time.
    """

    def __init__(self, frame_bytes: int, *, kept: bool = True) -> None:
        """``frame_bytes`` is the size of one picture. Pictures that nobody wants are only counted unless they are
        ``kept``."""
        self._most = max(_MIN_FRAMES, _MAX_BYTES // frame_bytes)
        self._lock = threading.Lock()
        self._shots: deque[Shot] = deque()
        self._complete_s = float("-inf")
        self._dropped = 0
        self._taken = 0
        self._kept = kept
        self._covered_since_s = math.inf
        """What is seen later is not the page."""

    def put(self, shot: Shot) -> None:
        """The next picture."""
        with self._lock:
            if shot.seen_s > self._covered_since_s:
                return
            self._taken += 1
            if not self._kept:
                return
            if len(self._shots) >= self._most:
                self._shots.pop()
                self._dropped += 1
            self._shots.append(shot)

    def cover(self, since_s: float) -> None:
        """What is seen after this monotonic instant, which may be one to come, is not the page, until :meth:`uncover`:
        it is not shown."""
        with self._lock:
            self._covered_since_s = min(self._covered_since_s, since_s)
            while self._shots and self._shots[-1].seen_s > since_s:
                self._shots.pop()

    def uncover(self) -> None:
        """What is seen from now on is the page again."""
        with self._lock:
            self._covered_since_s = math.inf

    def complete(self, until_s: float) -> None:
        """All pictures that are seen before this monotonic instant have come."""
        with self._lock:
            self._complete_s = max(self._complete_s, until_s)

    def end(self) -> None:
        """No picture comes any more."""
        self.complete(float("inf"))

    @property
    def complete_s(self) -> float:
        """Up to when all pictures have come."""
        with self._lock:
            return self._complete_s

    @property
    def dropped(self) -> int:
        """Pictures that were lost because the renderer was too slow."""
        with self._lock:
            return self._dropped

    @property
    def taken(self) -> int:
        """Pictures that ever came."""
        with self._lock:
            return self._taken

    def newest(self, until_s: float) -> Shot | None:
        """Takes everything up to a monotonic instant out and gives the last of it; None if there is nothing new."""
        with self._lock:
            found = None
            while self._shots and self._shots[0].seen_s <= until_s:
                found = self._shots.popleft()
            return found


def frame_bytes(width_px: int, height_px: int) -> int:
    """Of a picture in yuv420p."""
    return width_px * height_px * 3 // 2
