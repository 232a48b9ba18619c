"""Track files play in a real Chromium, and keep their time there."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page

from testbed.capture import CaptureSpec, Device, Link, write_capture
from testbed.timeline import Interval, Timeline, people
from tests.publish.test_chromium_plays import PLAY, origin, page
from tests.publish.tracks.captures import PICTURES, SOUND, make

__all__ = ["origin", "page"]

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(90)]


async def test_they_play_to_their_end_and_are_as_long_as_the_meeting(tmp_path: Path, origin: str, page: Page) -> None:
    ada = replace(people(1)[0], microphone=(Interval(0.0, 2.0), Interval(4.0, 6.0)))
    spec = CaptureSpec(Timeline(6.0, (ada,)), device=Device(muting="gap", audio_link=Link(loss=0.05)))
    capture = write_capture(spec, tmp_path / "capture")
    (sound,) = (await asyncio.to_thread(make, capture, tmp_path / "sound", SOUND)).files
    heard = await page.evaluate(PLAY, f"{origin}/{sound.path.relative_to(tmp_path)}")
    assert heard["duration"] == pytest.approx(6.0, abs=0.1)
    assert heard["soughtTo"] == pytest.approx(3.5, abs=0.1)
    assert heard["end"] == pytest.approx(6.0, abs=0.1)
    # The decoder counts samples: holes that were left open would be missing here.
    assert heard["soundDuration"] == pytest.approx(6.0, abs=0.1)
    (pictures,) = (await asyncio.to_thread(make, capture, tmp_path / "pictures", PICTURES)).files
    url = f"{origin}/{pictures.path.relative_to(tmp_path)}"
    seen = await page.evaluate(
        PLAY.replace("await context.decodeAudioData(bytes)", "context.createBuffer(2, 1, 48000)"), url
    )
    assert (seen["width"], seen["height"]) == (320, 180)
    assert seen["end"] == pytest.approx(6.0, abs=0.1)
    assert seen["frames"] > 100
