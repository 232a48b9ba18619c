"""A watermark from the official client's start call to the decoded film."""

import asyncio
import io
from pathlib import Path

import av
import cloudflare
import numpy as np
import pytest
from PIL import Image

from reelkit.process import wait_until
from reelkit.render.layout import gap_px
from testbed.stack import Stack
from tests.egress.hosts import host_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

COLOUR = (220, 30, 40)
WIDTH, HEIGHT = 200, 100


async def test_a_film_has_the_watermark_that_its_start_call_named(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (400, 200), COLOUR).save(file, "PNG")
    async with host_on() as host, Stack(environment={"REELKIT_EGRESS__ALLOW_PRIVATE": "true"}) as stack:
        api = stack.api
        host.answer("200 OK", file.getvalue())
        meeting_id = await api.create_meeting()

        async def start(url: str) -> str:
            started = await api.client.realtime_kit.recordings.start_recordings(
                api.app_id,
                account_id=api.account_id,
                meeting_id=meeting_id,
                video_config={"watermark": {"url": url, "position": "right bottom", "size": {"width": WIDTH}}},
            )
            assert started.data is not None
            return started.data.id

        with pytest.raises(cloudflare.UnprocessableEntityError, match=r"video_config\.watermark\.url"):
            await start("http://169.254.169.254/latest/meta-data/")
        recording_id = await start(f"http://127.0.0.1:{host.port}/logo.png")
        segment = stack.data / "jobs" / recording_id / "segments" / "000000.mp4"

        async def rendered() -> bool:
            return await asyncio.to_thread(segment.is_file)

        await wait_until(rendered, timeout_s=30)
        await api.stop_recording(recording_id)
        film = await api.download(await api.recording_in(recording_id, "UPLOADED"), tmp_path)

    with av.open(film) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(np.int16) for frame in container.decode(video=0)]
    right, bottom = 1280 - gap_px(1280, 720), 720 - gap_px(1280, 720)
    for frame in (frames[0], frames[-1]):
        inside = frame[bottom - HEIGHT + 8 : bottom - 8, right - WIDTH + 8 : right - 8]
        assert np.abs(inside.mean(axis=(0, 1)) - COLOUR).max() <= 6
        assert np.abs(frame[bottom - HEIGHT - 8, right - WIDTH // 2] - COLOUR).max() > 100
