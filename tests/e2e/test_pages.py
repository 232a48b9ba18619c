"""Pages recorded through the official client: a recording app with the official SDKs, and pages of all kinds."""

import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import cloudflare
import httpx
import psutil
import pytest
from cloudflare.types.realtime_kit.recording_get_one_recording_response import Data as Recording

from reelkit.process import wait_until
from testbed.free_port import free_port
from testbed.hls_film import as_film, unpacked
from testbed.page_film import changes_per_s, heard, picture_at, share, turns
from testbed.page_server import PageServer
from testbed.participant import prepare
from testbed.stack import Stack
from testbed.timeline import Timeline, people
from tests.e2e.seats import seat
from tests.e2e.test_faults import child_of
from tests.processes import arguments

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]

MAGENTA = (255, 0, 255)
COLOURS = ((200, 0, 0), (0, 200, 0), (0, 0, 200))
TONE_HZ = 600.0


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    """A server that lets pages be on this machine's usual loopback address, and nowhere else inside."""
    async with Stack(environment={"REELKIT_EGRESS__ALLOWED_NETWORKS": '["127.0.0.1/32"]'}) as running:
        yield running


@pytest.fixture
def pages() -> Iterator[PageServer]:
    with PageServer() as server:
        yield server


def app_of(stack: Stack, pages: PageServer, wait_ms: int = 60_000) -> str:
    """The address of the recording app, which is told where its meetings are."""
    return f"{pages.origin}/recorder.html?base={stack.address.base}:{stack.address.tls_port}&wait={wait_ms}"


def extension(recording: Recording) -> dict[str, Any]:
    found: dict[str, Any] = (recording.model_extra or {})["reelkit"]
    return found


async def recorded_for(stack: Stack, recording_id: str, seconds: float) -> None:
    """Waits until so much is in committed segments of the film, or about to be."""

    async def enough() -> bool:
        rendering = extension(await stack.api.recording(recording_id)).get("rendering") or {}
        return float(rendering.get("done_s") or 0.0) >= seconds

    await wait_until(enough, timeout_s=60.0)


async def test_a_recording_app_of_the_hosted_service_runs_as_it_is(
    stack: Stack, pages: PageServer, tmp_path: Path
) -> None:
    api, cast = stack.api, people(3)
    await prepare(Timeline(1.0, cast))
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        ada, *_ = [await seat(stack, meeting_id, person, leaving) for person in cast]
        recording_id = await api.start_recording(
            meeting_id,
            url=app_of(stack, pages),
            interactive_config={"type": "ID3"},
            storage_config=None,
            video_config={"watermark": {"url": "https://example.com/logo.png"}},
        )
        assert (await api.recording(recording_id)).status == "INVOKED"
        await api.recording_in(recording_id, "RECORDING")
        listed = await api.client.realtime_kit.meetings.get_meeting_participants(
            meeting_id, account_id=api.account_id, app_id=api.app_id
        )
        assert sorted(each.name or "" for each in listed.data) == sorted(person.name for person in cast)
        await ada.broadcast("ID3Data", json.dumps({"said": "once"}))
        await recorded_for(stack, recording_id, 9.0)
        await api.stop_recording(recording_id)
        done = await api.recording_in(recording_id, "UPLOADED")
    tar = unpacked(await api.download(done, tmp_path), tmp_path / "hls")
    film = as_film(tar)
    # Nobody flashes at all of these times.
    seen = [picture_at(film, at_s) for at_s in (4.2, 4.6, 5.0)]
    assert share(seen[0][4:28, 4:28], MAGENTA) > 0.9
    for person in cast:
        assert max(share(picture, person.colour, 40) for picture in seen) > 0.08, person.name
    assert changes_per_s(film, 3.0, 8.0) > 20
    sound = heard(film)
    assert max(sound.loudest_db(person.tone_hz) for person in cast) > -30
    (extra,) = [each for each in extension(done)["files"] if each["kind"] == "cues"]
    async with httpx.AsyncClient() as client:
        cues = (await client.get(extra["download_url"])).json()
    assert json.dumps(cues).count('"once"') == 1
    assert child_of(stack, "chromium") is None


async def test_a_page_is_recorded_from_its_load_on_and_pauses_are_not_in_the_film(
    stack: Stack, pages: PageServer, tmp_path: Path
) -> None:
    api = stack.api
    recording_id = await api.start_recording(
        await api.create_meeting(),
        url=f"{pages.origin}/colours.html#/a?b",
        video_config={"width": 320, "height": 568, "codec": "VP8"},
        audio_config={"export_file": True},
    )
    await api.recording_in(recording_id, "RECORDING")
    await recorded_for(stack, recording_id, 3.0)
    await api.steer_recording(recording_id, "pause")
    await api.steer_recording(recording_id, "resume")
    await recorded_for(stack, recording_id, 6.2)
    await api.stop_recording(recording_id)
    done = await api.recording_in(recording_id, "UPLOADED")
    film = await api.download(done, tmp_path)
    assert done.output_file_name.endswith(".webm")
    assert done.audio_download_url is not None
    first = picture_at(film, 0.0)
    assert first.shape == (568, 320, 3)
    colours = turns(film, COLOURS)
    assert {number for _, number in colours} == {0, 1, 2}
    assert all((after - before) % 3 in {1, 2} for (_, before), (_, after) in pairwise(colours))
    assert heard(film).level_db(TONE_HZ, 1.0, 2.0) == pytest.approx(-14.0, abs=1.0)
    assert extension(done)["duration_ms"] / 1000 == pytest.approx(
        extension(done)["integrity"]["film"]["duration_s"], abs=0.05
    )


async def test_a_page_that_cannot_be_opened_says_why(stack: Stack, pages: PageServer) -> None:
    api = stack.api
    for url, field in (("http://127.0.0.2/", "url"), ("http://169.254.169.254/latest/", "url"), ("ftp://a.b/", "url")):
        with pytest.raises(cloudflare.UnprocessableEntityError, match=field):
            await api.start_recording(await api.create_meeting(), url=url)
    for url, reason in (
        (f"{pages.origin}/nothing.html", "404"),
        (f"http://127.0.0.1:{free_port()}/", "cannot be reached"),
    ):
        recording_id = await api.start_recording(await api.create_meeting(), url=url)
        failed = await api.recording_in(recording_id, "ERRORED")
        assert reason in extension(failed)["error"]
        assert failed.stop_reason is not None
        assert failed.stop_reason.reason == "INTERNAL_ERROR"
        diagnosis = stack.data / "diagnoses" / recording_id
        assert (diagnosis / "report.json").is_file()


async def test_when_everybody_has_left_the_app_ends_its_recording(stack: Stack, pages: PageServer) -> None:
    api, (ada,) = stack.api, people(1)
    await prepare(Timeline(1.0, (ada,)))
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        await seat(stack, meeting_id, ada, leaving)
        recording_id = await api.start_recording(meeting_id, url=app_of(stack, pages, wait_ms=1_000))
        await api.recording_in(recording_id, "RECORDING")
        await recorded_for(stack, recording_id, 3.0)
    done = await api.recording_in(recording_id, "UPLOADED")
    assert done.stop_reason is not None
    assert done.stop_reason.reason == "ALL_PEERS_LEFT"


async def test_a_renderer_that_is_killed_opens_the_page_anew(stack: Stack, pages: PageServer, tmp_path: Path) -> None:
    api = stack.api
    recording_id = await api.start_recording(await api.create_meeting(), url=f"{pages.origin}/colours.html")
    await api.recording_in(recording_id, "RECORDING")
    await recorded_for(stack, recording_id, 3.0)
    worker = child_of(stack, "reelkit.fleet.worker")
    assert worker is not None
    browsers = [each for each in worker.children(recursive=True) if "chrom" in " ".join(arguments(each))]
    assert browsers
    os.kill(worker.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(browsers, timeout=10)
    assert alive == []
    await recorded_for(stack, recording_id, 9.0)
    await api.stop_recording(recording_id)
    done = await api.recording_in(recording_id, "UPLOADED")
    film = await api.download(done, tmp_path)
    integrity = extension(done)["integrity"]
    (gap,) = integrity["gaps"]["entries"]
    assert (gap["reason"], gap["in_film"]) == ("page_gone", True)
    assert gap["length_s"] < 8.0
    assert extension(done)["duration_ms"] / 1000 == pytest.approx(integrity["film"]["duration_s"], abs=0.05)
    assert turns(film, COLOURS)[-1][0] > gap["film_s"] + gap["length_s"]


async def test_a_recording_that_waits_for_its_page_can_be_stopped(stack: Stack, pages: PageServer) -> None:
    api = stack.api
    # Nobody is in this meeting, whose app waits for a token that it is not given.
    url = f"{pages.origin}/recorder.html?base=nowhere.example"
    recording_id = await api.start_recording(await api.create_meeting(), url=url)
    await wait_until(lambda: _has_browser(stack), timeout_s=30.0)
    with pytest.raises(cloudflare.ConflictError):
        await api.steer_recording(recording_id, "pause")
    await api.stop_recording(recording_id)
    stopped = await api.recording_in(recording_id, "ERRORED")
    assert "before" in extension(stopped)["error"]
    assert stopped.stop_reason is not None
    assert stopped.stop_reason.reason == "API_CALL"
    await wait_until(lambda: _has_no_browser(stack), timeout_s=10.0)


async def _has_browser(stack: Stack) -> bool:
    return child_of(stack, "chromium") is not None


async def _has_no_browser(stack: Stack) -> bool:
    return child_of(stack, "chromium") is None
