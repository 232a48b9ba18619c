"""Python's cyclic garbage collector, kept away from what stays for good."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """For importing: classes and functions are no garbage, and looking through them again and again takes a quarter of
    a server's start. What was made inside is not looked at later either."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
