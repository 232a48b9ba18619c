"""Pages that end, or take everything, while a real browser shows them: they are opened anew, or have failed, and the
film is what there was."""

import signal
import time
from collections.abc import AsyncIterator

import pytest

from reelkit.fleet.messages import Done
from reelkit.page.status import PageState
from tests.page.films import PAGE, assert_shows_only_the_page
from tests.page.recorded import Recording, at, opened, page_config, recorded
from tests.page.sites import Answer, Site, site_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

READY, FAILED = PageState.READY, PageState.FAILED


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_on() as site:
        yield site


async def end_of(recording: Recording) -> Done:
    """What is recorded ends a second after the page has come back."""
    back = await recording.until(READY, FAILED, reloads=1)
    assert back.state is READY
    stopped_s = recording.mark("stopped", back.since_s + 1)
    done = await recording.done()
    assert done.duration_s == pytest.approx(stopped_s - recording.begun_s, abs=0.04)
    (outage,) = done.report["page"]["outages"]
    assert done.report["page"]["reloads"] == 1
    assert outage["wall_s"] + outage["length_s"] == pytest.approx(back.since_s, abs=0.1)
    assert_shows_only_the_page(done.files[0].path, done.duration_s)
    return done


@pytest.mark.parametrize("what", ["renderer", "browser"])
async def test_a_page_that_dies_is_opened_anew_and_the_film_stands_still_meanwhile(site: Site, what: str) -> None:
    # Something new is seen all the time.
    moving = "<div id=dot style='position:fixed;left:5px;top:5px;width:9px;height:9px'></div>"
    paint = "setInterval(() => { dot.style.background = `rgb(0,0,${200 + Date.now() / 20 % 50})` }, 20)"
    async with recorded(site.show(f"{PAGE}{moving}<script>{paint}</script>")) as recording:
        begun_s = await recording.begin()
        victims = recording.place.renderers() if what == "renderer" else [recording.place.browser()]
        await at(begun_s + 0.8)
        killed_s = time.time()
        for victim in victims:
            victim.send_signal(signal.SIGKILL)
        done = await end_of(recording)
        (outage,) = done.report["page"]["outages"]
        assert outage["wall_s"] == pytest.approx(killed_s, abs=0.3)
        assert outage["reason"] == ("the page crashed" if what == "renderer" else "the browser ended: signal SIGKILL")
        assert recording.place.report()["reason"] == outage["reason"]


async def test_a_page_that_goes_on_to_where_nothing_is_is_opened_anew(site: Site) -> None:
    go = "if (!document.cookie) setTimeout(() => { location = 'https://127.0.0.1:1/' }, 800)"
    async with recorded(site.show(f"{PAGE}<script>{go}</script>")) as recording:
        await recording.begin()
        await recording.until(READY, FAILED)
        await at(recording.begun_s + 0.5)
        site.show(PAGE)
        done = await end_of(recording)
        assert "cannot be reached" in done.report["page"]["outages"][0]["reason"]


async def test_a_page_that_dies_too_often_has_failed_and_its_film_is_what_there_is(site: Site) -> None:
    async with recorded(site.show(PAGE), max_reloads=1) as recording:
        begun_s = await recording.begin()
        for reloads in range(2):
            await recording.until(READY, reloads=reloads)
            recording.place.browser().kill()
        failed = await recording.until(FAILED)
        assert (failed.reason, failed.reloads) == ("the browser ended: signal SIGKILL", 1)
        stopped_s = failed.since_s + 0.5
        await at(stopped_s)
        recording.mark("stopped", stopped_s)
        done = await recording.done()
        assert done.duration_s == pytest.approx(stopped_s - begun_s, abs=0.04)
        assert len(done.report["page"]["outages"]) == 2
        assert_shows_only_the_page(done.files[0].path, done.duration_s)
        assert recording.place.screenshot.is_file()


async def test_a_page_whose_host_is_away_when_it_is_opened_anew_is_tried_once_more(site: Site) -> None:
    async with opened(site.show(PAGE)) as shown:
        await shown.until(READY)
        site.pages["/"] = Answer("", "503 Service Unavailable")
        asked = len(site.asked)
        shown.place.browser().kill()
        await site.asked_for(asked + 1)
        site.show(PAGE)
        assert (await shown.until(READY, FAILED, reloads=2)).state is READY


@pytest.mark.parametrize(
    "hoard",
    ["new Uint8Array(20_000_000).fill(1)", "new Array(1_000_000).fill(hoard.length + 0.5)"],
    ids=["buffers", "heap"],
)
async def test_a_page_that_takes_all_memory_has_failed(site: Site, hoard: str) -> None:
    script = f"const hoard = []; setTimeout(() => setInterval(() => hoard.push({hoard}), 5), 1000)"
    async with recorded(site.show(f"{PAGE}<script>{script}</script>"), max_memory_bytes=400 << 20) as recording:
        begun_s = await recording.begin()
        failed = await recording.until(FAILED)
        assert failed.reason == "the page took more memory than a page may (page.max_*)"
        assert failed.reloads == 0
        stopped_s = recording.mark("stopped")
        done = await recording.done()
        assert done.duration_s == pytest.approx(stopped_s - begun_s, abs=0.04)
        assert_shows_only_the_page(done.files[0].path, done.duration_s)


async def test_a_film_of_sound_alone_tells_when_the_page_was_away_too(site: Site) -> None:
    async with recorded(site.show(PAGE), page_config(files=("audio",))) as recording:
        await recording.begin()
        recording.place.browser().kill()
        back = await recording.until(READY, FAILED, reloads=1)
        recording.mark("stopped", back.since_s + 0.5)
        done = await recording.done()
        (outage,) = done.report["page"]["outages"]
        assert outage["wall_s"] + outage["length_s"] == pytest.approx(back.since_s, abs=0.1)
        assert done.report["page"]["dropped_pictures"] == 0
