"""Films of pages: when what is seen and heard, in which form, and what a worker's death costs."""

import os
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import av
import pytest

from reelkit.capture.events import CaptureSwitched, SessionEnded
from reelkit.page.status import PageState
from reelkit.process import wait_until
from reelkit.render.config import AudioSpec, VideoSpec
from tests.page.films import BLUE, GREEN, PALETTE, RED, YELLOW, is_near, named, pictures, tones_hz
from tests.page.recorded import RECORDING, Mark, at, page_config, recorded, supervised
from tests.page.sites import Site, site_on
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(60)]

STEP_S = 0.5
EDGE_S = 0.07
"""A picture so near to a change of colour may show either: two ticks of the screen."""
TONE_HZ = 40
"""So exactly a tone is known: containers count time in milliseconds."""
PREROLL_S = 0.3
"""Sound is made anew a little before the picture."""
LOWEST_HZ = 400
CLOCK = f"""<body style='margin:0'><script>
const colours = {[list(colour) for colour in PALETTE]}, context = new AudioContext();
const tone = new OscillatorNode(context, {{frequency: {LOWEST_HZ}}}), gain = new GainNode(context, {{gain: 0.3}});
tone.connect(gain).connect(context.destination); tone.start(); context.resume();
const show = () => {{
    const step = Math.floor(Date.now() / {STEP_S * 1000}) % colours.length;
    document.body.style.background = `rgb(${{colours[step]}})`;
    tone.frequency.value = {LOWEST_HZ} + 200 * step;
    requestAnimationFrame(show);
}};
show();
</script>"""
"""Its colour and its tone tell the wall-clock time."""


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_on() as site:
        yield site


def step_at(wall_s: float) -> int:
    return int(wall_s / STEP_S) % len(PALETTE)


def is_near_a_change(wall_s: float) -> bool:
    return min(wall_s % STEP_S, -wall_s % STEP_S) < EDGE_S


def next_step_s() -> float:
    """When a film may begin whose steps are those of the clock."""
    return (int(time.time() / STEP_S) + 2) * STEP_S


async def test_a_pause_is_not_in_the_film(site: Site) -> None:
    async with recorded(site.show(CLOCK)) as recording:
        await recording.until(PageState.READY)
        begun_s = next_step_s()
        marks: list[tuple[Mark, float]] = [("started", 0.0), ("paused", 2.0), ("resumed", 3.5), ("stopped", 5.5)]
        for mark, after_s in marks:
            await at(begun_s + after_s)
            recording.mark(mark, begun_s + after_s)
        done = await recording.done()
        assert done.frames == 120
        walls_s = [begun_s + (1.5 if number >= 60 else 0.0) + number / 30 for number in range(120)]
        for wall_s, picture in zip(walls_s, pictures(done.files[0].path), strict=True):
            assert named(picture[180, 320]) == step_at(wall_s) or is_near_a_change(wall_s)
        expected = [LOWEST_HZ + 200 * step_at(wall_s + STEP_S / 2) for wall_s in walls_s[::15]]
        assert tones_hz(done.files[0].path, STEP_S) == pytest.approx(expected, abs=TONE_HZ)
        page = done.report["page"]
        assert (page["reloads"], page["outages"], page["dropped_pictures"]) == (0, [], 0)
        assert page["silenced_s"] == 0
        assert done.report["lag_max_s"] < 2


async def test_a_stop_with_the_end_of_the_session_cuts_nothing_off(site: Site) -> None:
    async with recorded(site.show(CLOCK)) as recording:
        await recording.until(PageState.READY)
        begun_s = next_step_s()
        recording.mark("started", begun_s)
        await at(begun_s + 1.5)
        recording.mark("stopped", begun_s + 1.5)
        recording.write(CaptureSwitched(time_s=begun_s + 1.5, on=False), SessionEnded(time_s=begun_s + 1.5))
        done = await recording.done()
        assert done.frames == 45
        expected = [LOWEST_HZ + 200 * step_at(begun_s + (each + 0.5) * STEP_S) for each in range(3)]
        assert tones_hz(done.files[0].path, STEP_S) == pytest.approx(expected, abs=TONE_HZ)
        last_s = 1.5 - 0.1
        assert tones_hz(done.files[0].path, 0.1)[round(last_s / 0.1)] == pytest.approx(expected[-1], abs=TONE_HZ)
        *_, last = pictures(done.files[0].path)
        assert named(last[180, 320]) == step_at(begun_s + 1.4)


VORBIS, MP3 = AudioSpec(codec="VORBIS"), AudioSpec(codec="MP3")
VP8 = VideoSpec(codec="VP8", width_px=640, height_px=360, vpx_cpu_used=16)
FORMS: dict[str, tuple[dict[str, Any], list[tuple[str, set[str]]]]] = {
    "webm": ({"video": VP8, "audio": VORBIS}, [("webm", {"vp8", "vorbis"})]),
    "mp3": ({"audio": MP3}, [("mp4", {"h264", "mp3float"})]),
    "sound alone": ({"files": ("audio",)}, [("m4a", {"aac"})]),
    "sound alone, vorbis": ({"files": ("audio",), "video": VP8, "audio": VORBIS}, [("ogg", {"vorbis"})]),
    "both": ({"files": ("video", "audio")}, [("mp4", {"h264", "aac"}), ("m4a", {"aac"})]),
}


@pytest.mark.parametrize("form", FORMS)
async def test_it_comes_in_every_form(site: Site, form: str) -> None:
    options, expected = FORMS[form]
    async with recorded(site.show(CLOCK), page_config(**options)) as recording:
        await recording.until(PageState.READY)
        begun_s = recording.mark("started", next_step_s())
        await at(begun_s + 1.0)
        recording.mark("stopped", begun_s + 1.0)
        done = await recording.done()
        assert done.duration_s == pytest.approx(1.0)
        found = []
        for file in done.files:
            with av.open(str(file.path)) as container:
                found.append((file.path.suffix[1:], {stream.codec_context.name for stream in container.streams}))
            tones = [LOWEST_HZ + 200 * step_at(begun_s + (each + 0.5) * STEP_S) for each in range(2)]
            assert tones_hz(file.path, STEP_S)[:2] == pytest.approx(tones, abs=TONE_HZ)
        assert found == expected


@pytest.mark.parametrize(("width_px", "height_px"), [(320, 240), (720, 1280), (1280, 720)])
async def test_the_page_is_as_large_as_the_film_to_the_pixel(site: Site, width_px: int, height_px: int) -> None:
    corners = {"left:0;top:0": RED, "right:0;top:0": GREEN, "left:0;bottom:0": BLUE, "right:0;bottom:0": YELLOW}
    boxes = "".join(
        f"<div style='position:fixed;{place};width:16px;height:16px;background:rgb{colour}'></div>"
        for place, colour in corners.items()
    )
    sizes = "[innerWidth, innerHeight, screen.width >= innerWidth, devicePixelRatio]"
    url = site.show(f"<body style='margin:0;background:#fff'>{boxes}<script>say('size', {sizes})</script>")
    video = VideoSpec(width_px=width_px, height_px=height_px, preset="ultrafast", crf=5)
    async with recorded(url, page_config(video=video)) as recording:
        begun_s = await recording.begin()
        await at(begun_s + 0.5)
        recording.mark("stopped", begun_s + 0.5)
        # Shorter than what is a film without anything to be seen.
        done = await recording.done()
        assert await site.told("size") == [width_px, height_px, True, 1]
        for picture in pictures(done.files[0].path):
            assert picture.shape == (height_px, width_px, 3)
            areas = picture[:14, :14], picture[:14, -14:], picture[-14:, :14], picture[-14:, -14:]
            assert [is_near(area, colour) for area, colour in zip(areas, corners.values(), strict=True)] == [True] * 4
            assert is_near(picture[18:-18], (255, 255, 255))
            assert is_near(picture[:, 18:-18], (255, 255, 255))


async def test_a_worker_that_is_killed_costs_the_film_only_its_absence(site: Site) -> None:
    async with supervised(site.show(CLOCK)) as recording:
        await recording.until(PageState.READY)
        begun_s = next_step_s()
        await at(begun_s)
        recording.mark("started", begun_s)

        async def committed() -> bool:
            return recording.segments > 0

        await wait_until(committed, timeout_s=PATIENCE_S)
        pid = recording.fleet.pid(RECORDING)
        assert pid is not None
        killed_s = time.time()
        os.kill(pid, signal.SIGKILL)
        back_s = (await recording.until(PageState.READY, after_s=killed_s)).since_s
        stopped_s = (int(back_s / STEP_S) + 3) * STEP_S
        await at(stopped_s)
        recording.mark("stopped", stopped_s)
        outcome = await recording.outcome()
        assert outcome.error is None
        assert outcome.duration_s == pytest.approx(stopped_s - begun_s, abs=1e-3)
        (outage,) = outcome.report["page"]["outages"]
        assert "renderer" in outage["reason"]
        assert begun_s < outage["wall_s"] <= killed_s
        assert outage["wall_s"] + outage["length_s"] == pytest.approx(back_s, abs=0.1)
        film = outcome.files[0].path
        still = set()
        for number, picture in enumerate(pictures(film)):
            wall_s, seen = begun_s + number / 30, named(picture[180, 320])
            if outage["wall_s"] + PREROLL_S < wall_s < back_s - EDGE_S:
                still.add(seen)
            elif not outage["wall_s"] < wall_s < back_s + EDGE_S and not is_near_a_change(wall_s):
                assert seen == step_at(wall_s)
        assert len(still) == 1
        tones = tones_hz(film, STEP_S)
        assert tones[0] == pytest.approx(LOWEST_HZ + 200 * step_at(begun_s + STEP_S / 2), abs=TONE_HZ)
        assert tones[-1] == pytest.approx(LOWEST_HZ + 200 * step_at(stopped_s - STEP_S / 2), abs=TONE_HZ)
