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


def keep_what_there_is() -> None:
    """Call it once everything is set up: later collections pass over all of it, and are short."""
    gc.collect()
    gc.freeze()
