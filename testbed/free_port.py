"""Ports for servers that cannot be told to choose one."""

import asyncio
import socket

from reelkit.process import ChildProcess, wait_until

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A TCP port of loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


async def wait_for_port(port: int, process: ChildProcess, *, timeout_s: float = 30.0) -> None:
    """Waits until ``process`` accepts connections. Raises TimeoutError, or RuntimeError if it has ended."""

    async def accepts() -> bool:
        if process.returncode is not None:
            raise RuntimeError(f"{process.name} ended with {process.returncode}")
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        return True

    await wait_until(accepts, timeout_s=timeout_s)
