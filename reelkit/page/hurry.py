"""A thread that must not be late, beside one that may."""

import os
import sys
import threading
from contextlib import suppress

_SWITCH_INTERVAL_S = 0.000_5
"""How long another thread may hold the interpreter on. The usual 5 ms are a sixth of a picture's time, several times in
a row."""
_NICE = -5
"""Before everything that takes the processor for long: what this thread does each time takes a millisecond or two."""


def hurry() -> None:
    """Lets the calling thread go before others of this process, and of the machine if we may.

    Whoever waits for a picture of a screen waits for the next one if it is missed; an encoder only comes later.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
