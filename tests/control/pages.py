"""What tests of recorded pages share."""

import sys
from typing import Any

from reelkit.control.meetings import Meeting
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.fleet.base import JobProgress, JobSpec
from reelkit.page.status import PageState, PageStatus
from tests.control.harness import Harness

SECRET = "secret-page-key"
URL = f"http://203.0.113.7/film?room=1&key={SECRET}#/view"
SHOWN_URL = "http://203.0.113.7/film"
# Any program does for a browser: the fleet is a fake.
OPEN: dict[str, Any] = {
    "egress": {"allowed_networks": ["203.0.113.0/24"]},
    "page": {"chromium_binary": sys.executable, "max_live": 3},
}


def progress(state: PageState, **figures: Any) -> JobProgress:
    status = PageStatus(state=state, since_s=1_000.0, **figures)
    return JobProgress(film_s=3.2, lag_s=0.4, segments=1, rss_bytes=1, page=status)


def tell(harness: Harness, recording: Recording, state: PageState, **figures: Any) -> None:
    """As if the page's worker had told it."""
    harness.fleet.report(recording.id, progress(state, **figures))


async def invoked(harness: Harness, meeting: Meeting | None = None, **fields: Any) -> Recording:
    """A recording whose page is being opened."""
    recording = await harness.start(meeting or await harness.attended_meeting(), url=URL, **fields)
    assert recording.status is RecordingStatus.INVOKED
    return recording


async def recorded(harness: Harness, meeting: Meeting | None = None, **fields: Any) -> Recording:
    """A recording whose page is ready."""
    recording = await invoked(harness, meeting, **fields)
    tell(harness, recording, PageState.OPENING)
    tell(harness, recording, PageState.READY)
    return await harness.until(recording, RecordingStatus.RECORDING)


def job_of(harness: Harness, recording: Recording) -> JobSpec:
    """The newest that was started for it."""
    return next(spec for spec in reversed(harness.fleet.started) if spec.recording_id == recording.id)


def leave_diagnosis(harness: Harness, recording: Recording) -> None:
    """What the worker of a page that fails writes."""
    directory = harness.data / "jobs" / recording.id / "page"
    directory.mkdir(parents=True)
    (directory / "report.json").write_text('{"state": "failed", "console": []}')
    (directory / "screenshot.png").write_bytes(b"\x89PNG")
