"""Signals: the first asks, the second ends at once."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.patience import PATIENCE_S

PROGRAM = """
import asyncio
from reelkit.log import configure_logging
from reelkit.api.stop_signal import StopSignal

async def main():
    stop = StopSignal()
    with stop.handled():
        print("ready", flush=True)
        await stop.wait()
        print("asked", flush=True)
        if {patient}:
            await asyncio.Event().wait()

configure_logging("json", "info")
asyncio.run(main())
"""


@contextmanager
def started(*, patient: bool) -> Iterator[subprocess.Popen[str]]:
    program = PROGRAM.format(patient=patient)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert said(process) == "ready"
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_is_an_orderly_end(signum: signal.Signals) -> None:
    with started(patient=False) as process:
        process.send_signal(signum)
        assert said(process) == "asked"
        assert process.wait(PATIENCE_S) == 0


def test_the_second_signal_ends_at_once() -> None:
    with started(patient=True) as process:
        process.send_signal(signal.SIGTERM)
        assert said(process) == "asked"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
