"""Directories for jails, and small programs instead of a browser in them."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from reelkit.page.jail import Jail
from reelkit.page.limits import Limits
from tests.patience import PATIENCE_S

PYTHON = Path("/usr/bin/python3")
"""The system's, which every user may execute."""


@contextmanager
def jail_directory() -> Iterator[Path]:
    """Below /tmp itself: pytest's own directories are closed to other users. Nothing may be left in it."""
    directory = Path(tempfile.mkdtemp(prefix="reelkit-page-", dir="/tmp"))
    directory.chmod(0o711)
    try:
        yield directory
        assert list(directory.iterdir()) == []
    finally:
        shutil.rmtree(directory)


def python_jail(directory: Path, limits: Limits | None = None) -> Jail:
    """A jail in which :func:`run` runs Python code."""
    return Jail(directory, binary=PYTHON, limits=limits)


def run(jail: Jail, code: str) -> int:
    """Starts the code, whose ``answer`` writes one value as JSON; returns the descriptor to read that from."""
    prelude = "import json, os, sys\ndef answer(value): os.write(4, json.dumps(value).encode() + b'\\n')\n"
    commands_read, commands_write = os.pipe()
    answers_read, answers_write = os.pipe()
    try:
        jail.start(["-I", "-c", prelude + code], {"ONLY": "this"}, commands_read, answers_write)
    finally:
        for fd in (commands_read, commands_write, answers_write):
            os.close(fd)
    return answers_read


async def told(jail: Jail, code: str) -> Any:
    """The value that the code answers."""
    return await read_answer(run(jail, code))


async def read_answer(fd: int) -> Any:
    """The same of code that was started before."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb")
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await reader.readline())
    finally:
        transport.close()


def processes_of_user(user_id: int) -> list[int]:
    """All that runs as a user, and has not ended."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            if process.uids().real == user_id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found
