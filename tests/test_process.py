"""A child process owns its group, its deadline and its output."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from reelkit.process import ChildProcess, wait_until
from tests.patience import PATIENCE_S
from tests.processes import is_running


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_output_arrives_line_by_line_and_completely() -> None:
    out: list[str] = []
    err: list[str] = []
    code = (
        "import sys\n"
        "for i in range(1000): print(i)\n"
        "print('to stderr', file=sys.stderr)\n"
        "sys.stdout.write('no newline')"
    )
    async with ChildProcess(python(code), name="talker", on_stdout=out.append, on_stderr=err.append) as child:
        assert await child.wait() == 0
    assert out == [*map(str, range(1000)), "no newline"]
    assert err == ["to stderr"]


async def test_leaving_the_context_ends_the_whole_group() -> None:
    grandchild: list[int] = []
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(p.pid, flush=True)\ntime.sleep(600)"
    )
    async with ChildProcess(python(code), name="parent", on_stdout=lambda line: grandchild.append(int(line))) as child:
        pid = child.pid

        async def spoke() -> bool:
            return bool(grandchild)

        await wait_until(spoke, timeout_s=PATIENCE_S)

    async def all_gone() -> bool:
        return not any(map(is_running, (pid, grandchild[0])))

    # Both were killed; on a busy machine the grandchild, whom only init waits for, may need a moment to go.
    await wait_until(all_gone, timeout_s=PATIENCE_S)


async def test_a_child_that_ignores_sigterm_is_killed_after_its_time() -> None:
    ready: list[str] = []
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    child = ChildProcess(python(code), name="stubborn", on_stdout=ready.append, stop_timeout_s=0.1)
    async with child:

        async def started() -> bool:
            return bool(ready)

        await wait_until(started, timeout_s=PATIENCE_S)
    assert child.returncode == -signal.SIGKILL


async def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"""
import asyncio, os, pathlib, signal, sys
from reelkit.process import ChildProcess
async def main():
    child = ChildProcess([sys.executable, "-c", "import time; time.sleep(600)"], name="orphan")
    await child.start()
    pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    async with ChildProcess(python(code), name="parent") as parent:
        assert await parent.wait() == -signal.SIGKILL
    orphan = int(pid_file.read_text())

    async def gone() -> bool:
        return not is_running(orphan)

    await wait_until(gone, timeout_s=PATIENCE_S)


async def test_an_overlong_line_is_dropped_and_the_next_one_read() -> None:
    lines: list[str] = []
    code = "print('x' * (3 << 20))\nprint('after')"
    async with ChildProcess(python(code), name="shouter", on_stdout=lines.append) as child:
        assert await child.wait() == 0
    assert lines[-1] == "after"


async def test_a_missing_program_is_an_error_of_the_start() -> None:
    with pytest.raises(FileNotFoundError):
        await ChildProcess(["/does/not/exist"], name="ghost").start()


async def test_waiting_has_a_limit() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(TimeoutError):
        await wait_until(never, timeout_s=0.05)


async def test_stopping_twice_and_signalling_the_dead_do_nothing() -> None:
    child = ChildProcess(python("pass"), name="short")
    async with child:
        await child.wait()
        child.send_signal(signal.SIGTERM)
    await child.stop()
    assert child.returncode == 0
    assert os.getpid() != child.pid
    await asyncio.sleep(0)
