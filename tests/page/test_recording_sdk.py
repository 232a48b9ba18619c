"""Pages that behave as the recording SDK makes them: they say when they are to be recorded, and when no longer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from reelkit.page.status import PageState
from tests.page.films import PAGE
from tests.page.recorded import opened, recorded
from tests.page.sites import Answer, Site, site_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

READY, FAILED, ENDED = PageState.READY, PageState.FAILED, PageState.ENDED
SDK = """<script>
window.realtimeKitRecordingSdk = {};
window.people = 2;
window.realtimeKitRecording = {getParticipantCount: () => window.people, isMeetingEnded: () => false};
const start = () => {
    const socket = new WebSocket("ws://localhost:8080/ws");
    socket.onopen = () => { say("connected", Date.now()); begin(socket); };
    socket.onmessage = event => {
        if (event.data === "2") { socket.send("3"); say("pinged", true); }
    };
};
const record = socket => { say("asked", Date.now()); socket.send(JSON.stringify({type: "StartRecording"})); };
</script>"""
PROMPT = "<script>const begin = record; start()</script>"
LATE = "<script>const begin = socket => setTimeout(() => record(socket), 1000); setTimeout(start, 500)</script>"
NEVER = "<script>const begin = () => 0; start()</script>"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_on() as site:
        yield site


@pytest.mark.parametrize("how", [PROMPT, LATE], ids=["at once", "late"])
async def test_it_is_recorded_from_when_it_says_so(site: Site, how: str) -> None:
    async with opened(site.show(f"{PAGE}{SDK}{how}")) as shown:
        status = await shown.until(READY, FAILED)
        assert status.state is READY
        assert status.since_s * 1_000 >= await site.told("asked", "pinged")


@pytest.mark.parametrize("how", [NEVER, "<script>// It does not even connect.</script>"], ids=["mute", "apart"])
async def test_one_that_never_says_so_has_failed(site: Site, how: str) -> None:
    async with opened(site.show(f"{PAGE}{SDK}{how}"), start_timeout_s=1.5) as shown:
        status = await shown.until(READY, FAILED)
        assert status.state is FAILED
        assert status.reason is not None
        assert "did not send StartRecording within 1.5 s" in status.reason


async def test_one_that_says_so_before_it_has_loaded_is_recorded(site: Site) -> None:
    site.pages["/never"] = Answer(None)
    async with opened(site.show(f"{PAGE}{SDK}{PROMPT}<img src=/never>")) as shown:
        assert (await shown.until(READY, FAILED)).state is READY


@pytest.mark.parametrize(("people", "left"), [(2, False), (0, True)])
async def test_it_ends_its_recording(site: Site, people: int, left: bool) -> None:
    end = f"<script>addEventListener('load', () => setTimeout(() => {{ people = {people};"
    url = site.show(f"{PAGE}{SDK}{PROMPT}{end} triggerRealtimeKitRecording = false }}, 1500))</script>")
    async with recorded(url) as recording:
        await recording.begin()
        ended = await recording.until(ENDED, FAILED)
        assert (ended.state, ended.everybody_left) == (ENDED, left)
        recording.mark("stopped")
        done = await recording.done()
        assert done.report["page"]["outages"] == []


async def test_one_whose_client_was_sent_away_has_nobody_left(site: Site) -> None:
    end = "setTimeout(() => { delete window.realtimeKitRecording; triggerRealtimeKitRecording = false }, 500)"
    async with opened(site.show(f"{PAGE}{SDK}{PROMPT}<script>{end}</script>")) as shown:
        ended = await shown.until(ENDED, FAILED)
        assert (ended.state, ended.everybody_left) == (ENDED, True)


async def test_one_whose_sdk_comes_late_can_still_end_its_recording(site: Site) -> None:
    late = "setTimeout(() => { realtimeKitRecordingSdk = {}; triggerRealtimeKitRecording = false }, 2500)"
    async with opened(site.show(f"{PAGE}<script>{late}</script>")) as shown:
        assert (await shown.until(READY, FAILED)).state is READY
        assert (await shown.until(ENDED)).everybody_left


async def test_what_is_no_message_of_the_sdk_does_nothing(site: Site) -> None:
    odd = """<script>const begin = socket => {
        const nothing = ["{", "[]", "1", '{"type": 1}', '{"type": "Unknown"}', "[".repeat(50000), new ArrayBuffer(9)];
        for (const said of nothing) socket.send(said);
        for (let n = 0; n < 20; n++) new WebSocket("ws://localhost:8080/ws");
        new WebSocket("ws://localhost:8080/elsewhere");
        setTimeout(() => record(socket), 500);
    }; start()</script>"""
    async with opened(site.show(f"{PAGE}{SDK}{odd}")) as shown:
        assert (await shown.until(READY, FAILED)).state is READY


async def test_each_of_two_recordings_has_a_socket_of_its_own(site: Site) -> None:
    async with site_on() as other:
        one = opened(site.show(f"{PAGE}{SDK}{PROMPT}"))
        two = opened(other.show(f"{PAGE}{SDK}{NEVER}"), start_timeout_s=3)
        async with one as started, two as mute:
            statuses = await asyncio.gather(started.until(READY, FAILED), mute.until(READY, FAILED))
            assert [status.state for status in statuses] == [READY, FAILED]
            assert await other.told("connected")
