"""What every film has rendered is given back to the disk, and nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelkit.capture.errors import ReclaimUnsupported
from reelkit.capture.mjr import MjrReader
from reelkit.control.livestream_params import LivestreamParams
from reelkit.control.reclaim import INTERVAL_S
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.fleet.base import JobOutcome, JobProgress
from reelkit.process import wait_until
from tests.capture.wire import Wire, write_wires
from tests.control.harness import IDLE_DEADLINES_S, Harness, harness_at
from tests.patience import PATIENCE_S

VOICE, CAMERA = "videoroom-m-user-ada-1-audio-2.mjr", "videoroom-m-user-ada-2-video-3.mjr"
PACKETS = 1_200
MB = 1_000_000
# What else an idle control plane does at the same interval.
OTHERS_EACH_MINUTE = IDLE_DEADLINES_S.count(INTERVAL_S) - 1


class Watched:
    """A harness whose renderers say what they need."""

    def __init__(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        self.harness = harness
        self.needed: dict[str, dict[str, int | None]] = {}
        monkeypatch.setattr(harness.fleet, "progress", self._progress)

    def _progress(self, recording_id: str) -> JobProgress | None:
        if recording_id not in self.harness.fleet.specs:
            return None
        return JobProgress(60.0, 1.5, 19, 100 * MB, needed_from=self.needed.get(recording_id))

    async def recording(self, **fields: Any) -> Recording:
        """A recording of a meeting with two files of 1.2 MB each."""
        meeting = await self.harness.attended_meeting()
        recording = await self.harness.start(meeting, **fields)
        for name in (VOICE, CAMERA):
            write_wires(
                self.harness.room(meeting).capture_dir / "rtp" / name,
                [Wire(5 * index, index, 450 * index, bytes(range(1, 251)) * 4) for index in range(PACKETS)],
            )
        return recording

    def capture(self, recording: Recording) -> Path:
        return self.harness.data / "captures" / str(recording.session_id)

    def path(self, recording: Recording, name: str) -> Path:
        return self.capture(recording) / "rtp" / name

    def offset(self, recording: Recording, name: str, packet: int) -> int:
        return MjrReader(self.path(recording, name)).poll()[packet].offset

    def left(self, recording: Recording) -> list[int]:
        """How many packets each file still holds."""
        return [len(MjrReader(self.path(recording, name)).poll()) for name in (VOICE, CAMERA)]


@pytest.fixture
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    async with harness_at(tmp_path, held=True, capture={"reclaim_after_s": 0}) as harness:
        yield Watched(harness, monkeypatch)


async def look(harness: Harness) -> None:
    await harness.plane._reclaim.look()


async def test_what_a_film_has_passed_is_given_back(watched: Watched) -> None:
    recording = await watched.recording()
    watched.needed[recording.id] = {VOICE: watched.offset(recording, VOICE, 700), CAMERA: None}
    assert not (watched.capture(recording) / "reclaimed").exists()
    await look(watched.harness)
    assert watched.left(recording) == [PACKETS - 700, 0]
    assert (watched.capture(recording) / "reclaimed").exists()
    given = watched.harness.metric("reelkit_capture_reclaimed_bytes_total")
    assert given is not None
    assert given == pytest.approx(1.9 * MB, rel=0.05)


async def test_files_that_a_film_does_not_name_stay_whole(watched: Watched) -> None:
    recording = await watched.recording()
    watched.needed[recording.id] = {VOICE: None}
    await look(watched.harness)
    assert watched.left(recording) == [0, PACKETS]


async def test_a_film_that_has_not_begun_needs_everything(watched: Watched) -> None:
    first = await watched.recording()
    watched.needed[first.id] = {VOICE: None, CAMERA: None}
    meeting = await watched.harness.plane.meetings.get(watched.harness.app.id, first.meeting_id)
    second = await watched.harness.start(meeting, allow_multiple_recordings=True)
    await look(watched.harness)
    assert watched.left(first) == [PACKETS, PACKETS]
    watched.needed[second.id] = {VOICE: watched.offset(first, VOICE, 500), CAMERA: watched.offset(first, CAMERA, 0)}
    await look(watched.harness)
    assert watched.left(first) == [PACKETS - 500, PACKETS]


async def test_a_paused_recording_needs_what_it_would_go_on_with(watched: Watched) -> None:
    recording = await watched.recording()
    await watched.harness.act(recording, Action.PAUSE)
    watched.needed[recording.id] = {VOICE: watched.offset(recording, VOICE, 600)}
    await look(watched.harness)
    assert watched.left(recording) == [PACKETS - 600, PACKETS]


async def test_delivered_recordings_of_a_meeting_that_goes_on_need_nothing(watched: Watched) -> None:
    recording = await watched.recording()
    watched.harness.fleet.release()
    await watched.harness.act(recording, Action.STOP)
    await watched.harness.until(recording, RecordingStatus.UPLOADED)
    await look(watched.harness)
    assert watched.left(recording) == [0, 0]


async def test_a_failed_recording_needs_everything_for_good(watched: Watched) -> None:
    recording = await watched.recording()
    watched.harness.fleet.outcomes[recording.id] = JobOutcome.failed("it could not be rendered")
    watched.harness.fleet.release()
    await watched.harness.act(recording, Action.STOP)
    await watched.harness.until(recording, RecordingStatus.ERRORED)
    await look(watched.harness)
    assert watched.left(recording) == [PACKETS, PACKETS]


async def test_a_capture_that_is_kept_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with harness_at(tmp_path, held=True, capture={"reclaim_after_s": 0, "keep": True}) as harness:
        watched = Watched(harness, monkeypatch)
        recording = await watched.recording()
        watched.needed[recording.id] = {VOICE: None, CAMERA: None}
        await look(harness)
        assert watched.left(recording) == [PACKETS, PACKETS]


async def test_only_what_was_passed_a_while_ago_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with harness_at(tmp_path, held=True, capture={"reclaim_after_s": 600}) as harness:
        watched = Watched(harness, monkeypatch)
        recording = await watched.recording()
        left = []
        offsets = [each.offset for each in MjrReader(watched.path(recording, VOICE)).poll()]
        for minute in range(24):
            watched.needed[recording.id] = {VOICE: offsets[min(50 * minute, PACKETS - 1)]}
            await look(harness)
            left.append(watched.left(recording)[0])
            harness.clock.now_s += 60
        # What lies between is less than 256 kB, which is not worth it.
        steps = {PACKETS: 16, PACKETS - 300: 6, PACKETS - 600: 2}
        assert {count: left.count(count) for count in left} == steps


async def test_a_livestream_needs_what_its_renderer_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    livestream = {"ingest_server": "rtmp://127.0.0.1/live"}
    async with harness_at(tmp_path, held=True, capture={"reclaim_after_s": 0}, livestream=livestream) as harness:
        watched = Watched(harness, monkeypatch)
        recording = await watched.recording()
        watched.needed[recording.id] = {VOICE: None, CAMERA: None}
        stream = await harness.plane.livestreams.start(harness.app.id, recording.meeting_id, LivestreamParams())
        await look(harness)
        assert watched.left(recording) == [PACKETS, PACKETS]
        watched.needed[stream.id] = {VOICE: watched.offset(recording, VOICE, 700), CAMERA: None}
        await look(harness)
        assert watched.left(recording) == [PACKETS - 700, 0]


async def test_it_is_done_each_minute(watched: Watched) -> None:
    recording = await watched.recording()
    watched.needed[recording.id] = {VOICE: None, CAMERA: None}
    await watched.harness.clock.advance(60)

    async def is_given_back() -> bool:
        return watched.left(recording) == [0, 0]

    await wait_until(is_given_back, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_nothing_is_done_where_the_settings_say_so(tmp_path: Path) -> None:
    async with harness_at(tmp_path, capture={"reclaim": False}) as harness:
        without = [each for each in IDLE_DEADLINES_S if each != INTERVAL_S]
        without = sorted([*without, *[INTERVAL_S] * OTHERS_EACH_MINUTE])

        async def is_idle() -> bool:
            return harness.clock.deadlines == without

        await wait_until(is_idle, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_a_file_system_that_cannot_is_left_alone(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise ReclaimUnsupported("no holes")

    monkeypatch.setattr("reelkit.control.reclaim.give_back", refuse)
    recording = await watched.recording()
    watched.needed[recording.id] = {VOICE: None, CAMERA: None}
    await watched.harness.clock.advance(60)

    async def has_ended() -> bool:
        await watched.harness.clock.advance(0)
        return watched.harness.clock.deadlines.count(INTERVAL_S) == OTHERS_EACH_MINUTE

    await wait_until(has_ended, timeout_s=PATIENCE_S, interval_s=0.002)
    assert watched.left(recording) == [PACKETS, PACKETS]
