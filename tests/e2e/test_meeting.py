"""Meetings with real Janus and real Chromium, recorded through the official client, against their timelines."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.chromium import Chromium
from testbed.rehearsal import rehearse
from testbed.stack import Stack
from testbed.timeline import Interval, Timeline, people

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(240)]


def short_meeting() -> Timeline:
    """20 s: one comes late, one switches the camera and the microphone off and on, one leaves early."""
    ada, bo, cleo = people(3)
    return Timeline(
        20.0,
        (
            ada,
            replace(bo, joins_s=4.0),
            replace(
                cleo,
                camera=(Interval(0.0, 6.0), Interval(11.0, 20.0)),
                microphone=(Interval(0.0, 9.0), Interval(13.0, 20.0)),
                leaves_s=17.0,
            ),
        ),
    )


async def test_a_meeting_with_the_browser_sdk_is_filmed_as_it_was(stack: Stack, tmp_path: Path) -> None:
    timeline = short_meeting()
    result = await rehearse(stack, timeline, tmp_path, browsers=["Ada"])
    report = result.check(timeline)
    report.print()
    assert report.problems == ()
    assert (report.facts.width_px, report.facts.height_px, report.facts.channels) == (1280, 720, 2)
    recording = result.recording
    assert recording.recording_duration is not None
    exact_s = (recording.model_extra or {})["reelkit"]["duration_ms"] / 1000
    assert report.facts.duration_s == pytest.approx(exact_s, abs=0.2)
    assert recording.file_size == result.film.stat().st_size


async def test_pauses_are_not_in_the_film(stack: Stack, tmp_path: Path) -> None:
    timeline = Timeline(12.0, people(2))

    async def pause_for_a_while(recording_id: str) -> None:
        api = stack.api
        for action, after_s in (("pause", 3.0), ("resume", 3.0)):
            await _seconds(after_s)
            await api.client.realtime_kit.recordings.pause_resume_stop_recording(
                recording_id,
                account_id=api.account_id,
                app_id=api.app_id,
                action=action,  # type: ignore[arg-type]  # one of the client's literals
            )

    result = await rehearse(stack, timeline, tmp_path, during=pause_for_a_while)
    exact_s = (result.recording.model_extra or {})["reelkit"]["duration_ms"] / 1000
    assert exact_s == pytest.approx(11.0 - 3.0, abs=0.5)
    # Without being told where the film begins, the checker finds it from the first stretch.
    assert result.check(timeline).facts.duration_s == pytest.approx(exact_s, abs=0.1)


async def test_a_participant_records_with_the_sdks_own_button(stack: Stack, tmp_path: Path) -> None:
    meeting_id = await stack.api.create_meeting()
    host, guest = people(2)
    async with Chromium(stack.address) as chromium:
        pages = []
        for person, preset in ((host, "group_call_host"), (guest, "group_call_participant")):
            added = await stack.api.add_guest(meeting_id, person.name, preset)
            page = await chromium.participant(added.token, person, zero_s=0.0)
            await page.join()
            await page.camera(on=True)
            pages.append(page)
        await pages[0].start_recording()
        for page in pages:
            await page.page.wait_for_function("() => testbed.state().recording === 'RECORDING'")
        api = stack.api
        active = await api.client.realtime_kit.recordings.get_active_recordings(
            meeting_id, account_id=api.account_id, app_id=api.app_id
        )
        assert active.data is not None
        await _seconds(2.0)
        await pages[0].pause_recording()
        for page in pages:
            await page.page.wait_for_function("() => testbed.state().recording === 'PAUSED'")
        assert (await api.recording(active.data.id)).status == "PAUSED"
        await _seconds(2.0)
        await pages[0].resume_recording()
        for page in pages:
            await page.page.wait_for_function("() => testbed.state().recording === 'RECORDING'")
        await _seconds(1.0)
        await pages[0].stop_recording()
        for page in pages:
            await page.page.wait_for_function("() => testbed.state().recording === 'IDLE'")
    recording = await stack.api.recording_in(active.data.id, "UPLOADED")
    assert recording.start_reason is not None
    assert recording.start_reason.caller is not None
    assert (recording.start_reason.caller.type, recording.start_reason.caller.name) == ("USER", host.name)
    assert recording.stop_reason is not None
    assert recording.stop_reason.caller is not None
    assert recording.stop_reason.caller.name == host.name
    assert (await stack.api.download(recording, tmp_path)).stat().st_size == recording.file_size
    exact_s = (recording.model_extra or {})["reelkit"]["duration_ms"] / 1000
    assert exact_s == pytest.approx(3.0, abs=1.0), "without the pause"


async def _seconds(duration_s: float) -> None:
    """Meeting time has to pass: what is recorded is recorded in real time."""

    await asyncio.sleep(duration_s)
