"""Ctrl-C as a wish: the first press is noted, the second ends the command as it would everywhere."""

import select
import signal
import socket
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """Use it as a context manager. ``pressed`` is whether Ctrl-C came; a second one raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.pressed = False
        self._before: Any = None
        self._awake, self._wake = socket.socketpair()

    def wait(self, duration_s: float) -> None:
        """Waits, or returns as soon as Ctrl-C is pressed."""
        if duration_s > 0 and select.select([self._awake], [], [], duration_s)[0]:
            self._awake.recv(1)

    def press(self) -> None:
        """What Ctrl-C does."""
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
        self._wake.send(b"\0")

    def __enter__(self) -> Self:
        # Only the main thread hears signals.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._signalled)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        self._awake.close()
        self._wake.close()

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.press()
