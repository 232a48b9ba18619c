"""What is kept of pages that failed, for how long, and that nothing else can be read by it."""

import os
from pathlib import Path

import pytest

from reelkit.control.diagnoses import Diagnoses
from reelkit.control.erasure import ErasureState
from reelkit.control.errors import NotFound
from reelkit.control.paths import DataPaths
from reelkit.control.recording import RecordingStatus
from reelkit.page.status import PageState
from tests.control.harness import CALLER, harness_at
from tests.control.manual_clock import ManualClock
from tests.control.pages import OPEN, invoked, leave_diagnosis, tell

KEEP_S = 1_000.0
ID = "97440c6a-140b-40a9-9499-b23fd7a3868a"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def diagnoses(tmp_path: Path, clock: ManualClock) -> Diagnoses:
    return Diagnoses(DataPaths(tmp_path), clock, KEEP_S)


def left(data: Path, report: bytes | None = b'{"state": "failed"}', picture: bytes | None = b"png") -> Path:
    directory = DataPaths(data).job(ID) / "page"
    directory.mkdir(parents=True)
    for name, content in (("report.json", report), ("screenshot.png", picture)):
        if content is not None:
            (directory / name).write_bytes(content)
    return directory


async def test_it_outlives_the_job(tmp_path: Path, diagnoses: Diagnoses) -> None:
    directory = left(tmp_path)
    await diagnoses.keep(ID)
    await diagnoses.keep(ID)
    assert not directory.exists()
    assert await diagnoses.report(ID) == {"state": "failed"}
    assert await diagnoses.screenshot(ID) == b"png"


async def test_a_newer_one_takes_its_place(tmp_path: Path, diagnoses: Diagnoses) -> None:
    left(tmp_path)
    await diagnoses.keep(ID)
    left(tmp_path, b'{"state": "again"}', None)
    await diagnoses.keep(ID)
    assert await diagnoses.report(ID) == {"state": "again"}
    with pytest.raises(NotFound, match=r"screenshot\.png"):
        await diagnoses.screenshot(ID)


async def test_a_recording_without_one(tmp_path: Path, diagnoses: Diagnoses) -> None:
    await diagnoses.keep(ID)
    for read in (diagnoses.report, diagnoses.screenshot):
        with pytest.raises(NotFound):
            await read(ID)
    assert not await diagnoses.erase(ID)
    assert await diagnoses.expire() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("report", [b"{", b"[]", b"\xff", b'{"a": "' + b"x" * (4 << 20) + b'"}'])
async def test_what_no_worker_writes_is_not_read(tmp_path: Path, diagnoses: Diagnoses, report: bytes) -> None:
    left(tmp_path, report)
    await diagnoses.keep(ID)
    with pytest.raises(NotFound):
        await diagnoses.report(ID)


async def test_no_links_are_followed(tmp_path: Path, diagnoses: Diagnoses) -> None:
    (tmp_path / "secret").write_text('{"secret": true}')
    directory = left(tmp_path, None, None)
    (directory / "report.json").symlink_to(tmp_path / "secret")
    os.mkfifo(directory / "screenshot.png")
    await diagnoses.keep(ID)
    with pytest.raises(NotFound):
        await diagnoses.report(ID)
    assert await diagnoses.screenshot(ID) == b""


async def test_it_is_deleted_in_time(tmp_path: Path, diagnoses: Diagnoses, clock: ManualClock) -> None:
    left(tmp_path)
    # Its time does not begin before it is kept.
    await clock.advance(KEEP_S)
    await diagnoses.keep(ID)
    await clock.advance(KEEP_S - 1)
    assert await diagnoses.expire() == 0
    await clock.advance(1)
    assert await diagnoses.expire() == 1
    with pytest.raises(NotFound):
        await diagnoses.report(ID)


async def test_it_is_erased_with_its_recording(tmp_path: Path) -> None:
    async with harness_at(tmp_path, **OPEN) as harness:
        recording = await invoked(harness)
        leave_diagnosis(harness, recording)
        tell(harness, recording, PageState.FAILED, reason="no such page")
        await harness.until(recording, RecordingStatus.ERRORED)
        await harness.plane.diagnoses.report(recording.id)
        await harness.gateway.end(recording.meeting_id)
        tombstone = await harness.plane.erasures.erase(harness.app.id, recording.id, CALLER)
        assert {"what": "diagnosis"} in tombstone.removed
        assert tombstone.state is ErasureState.ERASED
        assert list((tmp_path / "diagnoses").iterdir()) == []
