"""What the rest of the server sees when Janus dies, hangs and comes back."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from reelkit.clock import SystemClock
from reelkit.settings import SfuSettings
from reelkit.sfu import JanusNotStarted, Sfu, SfuLost, SfuRoom
from reelkit.sfu.probe import PROBE_INTERVAL_S
from tests.patience import PATIENCE_S


class Watcher:
    """Waits for the SFU's callbacks, and keeps what was true when they came."""

    def __init__(self, sfu: Sfu) -> None:
        self.lost: asyncio.Queue[tuple[str, bool, int]] = asyncio.Queue()
        self.restored: asyncio.Queue[tuple[bool, int]] = asyncio.Queue()
        self._sfu = sfu
        sfu.on_lost(self._on_lost)
        sfu.on_restored(self._on_restored)

    async def _on_lost(self, reason: str) -> None:
        self.lost.put_nowait((reason, self._sfu.healthy, self._sfu.generation))

    async def _on_restored(self) -> None:
        self.restored.put_nowait((self._sfu.healthy, self._sfu.generation))


class ProbingClock(SystemClock):
    """Lets the time between two probes pass at once and notes every other sleep without sleeping."""

    def __init__(self) -> None:
        self.sleeps_s: list[float] = []

    async def sleep(self, duration_s: float) -> None:
        if duration_s == PROBE_INTERVAL_S:
            await asyncio.sleep(0.01)
            return
        self.sleeps_s.append(duration_s)
        await asyncio.sleep(0)


async def test_before_its_start_it_is_unhealthy_and_refuses(tmp_path: Path) -> None:
    sfu = Sfu(SfuSettings(), tmp_path / "janus", SystemClock())
    assert (sfu.healthy, sfu.reason, sfu.generation, sfu.pid) == (False, "the SFU was not started", 0, None)
    with pytest.raises(SfuLost) as raised:
        await sfu.create_room("session-1", tmp_path)
    assert raised.value.retry


async def test_a_first_start_that_fails_is_an_error(tmp_path: Path) -> None:
    sfu = Sfu(SfuSettings(janus_binary=Path("/bin/false")), tmp_path / "janus", SystemClock())
    with pytest.raises(JanusNotStarted):
        await sfu.start()
    assert not sfu.healthy
    await sfu.stop()


@pytest.mark.e2e
async def test_it_starts_and_stops_and_leaves_no_process(tmp_path: Path) -> None:
    sfu = Sfu(SfuSettings(), tmp_path / "janus", SystemClock())
    watcher = Watcher(sfu)
    async with sfu:
        assert (sfu.healthy, sfu.reason, sfu.generation, sfu.restarts) == (True, "", 1, 0)
        assert sfu.flushes
        assert sfu.pid is not None
        janus = psutil.Process(sfu.pid)
        room = await sfu.create_room("session-1", tmp_path / "rtp")
    assert not janus.is_running()
    assert [sfu.healthy, sfu.reason, sfu.pid] == [False, "the SFU was stopped", None]
    with pytest.raises(SfuLost):
        await room.set_recording(True)
    await room.destroy()
    await sfu.stop()
    assert watcher.lost.empty()


@pytest.mark.e2e
async def test_a_killed_janus_is_replaced_at_once(sfu: Sfu, tmp_path: Path) -> None:
    watcher = Watcher(sfu)
    failed = asyncio.Event()

    async def fail(reason: str) -> None:
        failed.set()
        raise ValueError(reason)

    sfu.on_lost(fail)
    room = await sfu.create_room("session-1", tmp_path / "rtp")
    first_pid = sfu.pid
    assert first_pid is not None
    os.kill(first_pid, signal.SIGKILL)
    assert await asyncio.wait_for(watcher.lost.get(), PATIENCE_S) == ("Janus ended with status -9", False, 1)
    assert failed.is_set()
    assert await asyncio.wait_for(watcher.restored.get(), PATIENCE_S) == (True, 2)
    assert (sfu.healthy, sfu.generation, sfu.restarts) == (True, 2, 1)
    assert sfu.pid not in (None, first_pid)
    with pytest.raises(SfuLost):
        await room.set_recording(True)
    with pytest.raises(SfuLost):
        await room.publisher("ada", "Ada")
    await room.destroy()
    again = await sfu.create_room("session-1", tmp_path / "rtp")
    await again.set_recording(True)


@pytest.mark.e2e
async def test_a_hanging_janus_is_noticed_and_replaced(tmp_path: Path) -> None:
    settings = SfuSettings(request_timeout_s=1.0)
    async with Sfu(settings, tmp_path / "janus", ProbingClock()) as sfu:
        watcher = Watcher(sfu)
        room = await sfu.create_room("session-1", tmp_path / "rtp")
        assert sfu.pid is not None
        hanging = psutil.Process(sfu.pid)
        hanging.suspend()
        switching = asyncio.create_task(switch(room))
        reason, healthy, _ = await asyncio.wait_for(watcher.lost.get(), PATIENCE_S)
        assert reason.startswith("Janus does not answer")
        assert not healthy
        await asyncio.wait_for(watcher.restored.get(), PATIENCE_S)
        assert await switching in ("SfuLost", "SfuTimeout")
        assert not hanging.is_running()


@pytest.mark.e2e
async def test_a_janus_that_cannot_start_again_is_tried_ever_more_slowly(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.symlink_to("/usr/bin/janus")
    clock = ProbingClock()
    async with Sfu(SfuSettings(janus_binary=binary), tmp_path / "janus", clock) as sfu:
        watcher = Watcher(sfu)
        binary.unlink()
        assert sfu.pid is not None
        os.kill(sfu.pid, signal.SIGKILL)
        await asyncio.wait_for(watcher.lost.get(), PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S):
            while len(clock.sleeps_s) < 7:  # noqa: ASYNC110 - each turn lets one attempt fail
                await asyncio.sleep(0)
        assert clock.sleeps_s[:7] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
        assert not sfu.healthy
        assert "cannot be configured and executed" in sfu.reason
        with pytest.raises(SfuLost):
            await sfu.create_room("session-1", tmp_path)
        binary.symlink_to("/usr/bin/janus")
        assert await asyncio.wait_for(watcher.restored.get(), PATIENCE_S) == (True, 2)
        assert watcher.lost.empty()


@pytest.mark.e2e
async def test_stopping_while_it_cannot_restart_leaves_nothing(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.symlink_to("/usr/bin/janus")
    async with Sfu(SfuSettings(janus_binary=binary), tmp_path / "janus", SystemClock()) as sfu:
        watcher = Watcher(sfu)
        binary.unlink()
        pid = sfu.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(watcher.lost.get(), PATIENCE_S)
    assert not psutil.pid_exists(pid)
    assert [sfu.pid, sfu.reason] == [None, "the SFU was stopped"]
    assert watcher.restored.empty()


async def switch(room: SfuRoom) -> str:
    """The name of the error that switching raises."""
    with pytest.raises(Exception, match="Janus") as raised:
        await room.set_recording(True)
    return raised.type.__name__
