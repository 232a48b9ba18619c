"""Name resolution in threads of its own."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor


class ThreadedResolver:
    """A :data:`reelkit.egress.guard.Resolve` that asks the machine's resolver.

    The event loop's own few threads do everybody's file work too: names that somebody's broken name server does not
    answer for must not take them all.
    """

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, "resolver")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Numeric addresses in the machine's order of preference. Raises OSError, UnicodeError."""

        def ask() -> list[str]:
            return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

        return await asyncio.get_running_loop().run_in_executor(self._executor, ask)

    def close(self) -> None:
        """Lets go of the threads; what is being asked is asked to its end."""
        self._executor.shutdown(wait=False, cancel_futures=True)
