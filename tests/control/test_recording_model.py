"""Any sequence of calls against a model of the status machine."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelkit.control.errors import Conflict
from reelkit.control.recording import Action, RecordingStatus, StopReason
from tests.control.harness import harness_at

# What follows an action, per status; what is missing is a conflict.
NEXT = {
    (RecordingStatus.RECORDING, Action.PAUSE): RecordingStatus.PAUSED,
    (RecordingStatus.PAUSED, Action.RESUME): RecordingStatus.RECORDING,
    (RecordingStatus.RECORDING, Action.STOP): RecordingStatus.UPLOADING,
    (RecordingStatus.PAUSED, Action.STOP): RecordingStatus.UPLOADING,
}
steps = st.lists(st.tuples(st.sampled_from(Action), st.integers(0, 50)), max_size=12)


@pytest.mark.timeout(600)
@settings(max_examples=25, deadline=None)
@given(steps=steps)
def test_only_what_fits_the_status_is_done(steps: list[tuple[Action, int]]) -> None:
    with tempfile.TemporaryDirectory() as data:
        asyncio.run(_check(Path(data), steps))


async def _check(data: Path, steps: list[tuple[Action, int]]) -> None:
    async with harness_at(data, held=True) as harness:
        meeting = await harness.attended_meeting()
        recording = await harness.start(meeting)
        status, recorded_s = RecordingStatus.RECORDING, 0
        for action, wait_s in steps:
            await harness.clock.advance(wait_s)
            recorded_s += wait_s if status is RecordingStatus.RECORDING else 0
            following = NEXT.get((status, action))
            try:
                answer = await harness.act(recording, action)
            except Conflict:
                assert following is None, f"{action} was refused to a recording that is {status}"
            else:
                assert answer.status is following
                status = answer.status
            assert (await harness.get(recording)).status is status
            assert (recording.id in harness.room(meeting).running) == (status is RecordingStatus.RECORDING)
        if status is RecordingStatus.UPLOADING:
            assert (await harness.get(recording)).duration_ms == recorded_s * 1_000


waits = st.lists(st.integers(1, 40), min_size=1, max_size=20)


@pytest.mark.timeout(600)
@settings(max_examples=25, deadline=None)
@given(waits=waits)
def test_the_limit_counts_recorded_time_however_often_it_is_paused(waits: list[int]) -> None:
    with tempfile.TemporaryDirectory() as data:
        asyncio.run(_check_limit(Path(data), waits))


async def _check_limit(data: Path, waits: list[int]) -> None:
    """Records and pauses in turns until the limit of a minute stops it."""
    async with harness_at(data, held=True) as harness:
        recording = await harness.start(await harness.attended_meeting(), max_seconds=60)
        recorded_s, turn = 0, 0
        while recorded_s + waits[turn % len(waits)] < 60:
            wait_s = waits[turn % len(waits)]
            await harness.clock.advance(wait_s)
            recorded_s += wait_s
            await harness.act(recording, Action.PAUSE)
            await harness.clock.advance(wait_s * 7)
            assert (await harness.get(recording)).status is RecordingStatus.PAUSED
            await harness.act(recording, Action.RESUME)
            turn += 1
        await harness.clock.advance(60 - recorded_s)
        stopped = await harness.until(recording, RecordingStatus.UPLOADING)
        assert stopped.duration_ms == 60_000
        assert stopped.stop_reason is StopReason.API_CALL
