"""Every kind of delivered file plays in a real Chromium."""

import functools
import re
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from playwright.async_api import Page, async_playwright

from reelkit.publish.files import FilesWriter
from reelkit.render.config import AudioCodec, AudioSpec, RenderConfig, VideoCodec, VideoSpec
from testbed.chromium import BINARY, FLAGS
from tests.publish.segments import write_film
from tests.render.media import tone

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(90)]

FRAMES = 130
"""Two segments."""
DURATION_S = FRAMES / 30
TONE_HZ = 1_000.0
PLAY = """async url => {
    const media = document.createElement(url.match(/webm|mp4$/) ? "video" : "audio");
    const event = name => new Promise((resolve, reject) => {
        media.addEventListener(name, resolve, {once: true});
        media.addEventListener("error", () => reject(new Error(media.error.message)), {once: true});
    });
    media.src = url;
    document.body.append(media);
    await event("loadedmetadata");
    const duration = media.duration;
    media.currentTime = 3.5;
    await event("seeked");
    const soughtTo = media.currentTime;
    const soughtWidth = media.videoWidth || 0;
    media.currentTime = 0;
    await event("seeked");
    media.playbackRate = 4;
    const ended = event("ended");
    await media.play();
    await ended;
    const quality = media.getVideoPlaybackQuality ? media.getVideoPlaybackQuality() : null;
    const bytes = await (await fetch(url)).arrayBuffer();
    const context = new OfflineAudioContext(2, 48000, 48000);
    const sound = await context.decodeAudioData(bytes);
    return {
        duration, soughtTo, width: soughtWidth, height: media.videoHeight || 0,
        end: media.currentTime, frames: quality ? quality.totalVideoFrames : 0,
        soundDuration: sound.duration, rate: sound.sampleRate, channels: sound.numberOfChannels,
        sound: Array.from(sound.getChannelData(0).slice(0, 4800)),
    };
}"""


class _Files(SimpleHTTPRequestHandler):
    """Serves files with byte ranges, which players need to seek."""

    def do_GET(self) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            return
        data = path.read_bytes()
        first = int(wanted[1]) if wanted else 0
        last = int(wanted[2]) if wanted and wanted[2] else len(data) - 1
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", self.guess_type(self.path))
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Accept-Ranges", "bytes")
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.end_headers()
        try:
            self.wfile.write(data[first : last + 1])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the player has enough

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """Where the files of ``tmp_path`` are served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=str(tmp_path)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def page(origin: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(BINARY), args=list(FLAGS))
        page = await browser.new_page()
        await page.goto(f"{origin}/")
        yield page
        await browser.close()


@pytest.mark.parametrize(
    ("video", "audio", "channels"),
    [("H264", "AAC", 2), ("H264", "MP3", 1), ("VP8", "VORBIS", 2), ("VP9", "VORBIS", 1)],
)
async def test_both_files_play_to_their_end(
    tmp_path: Path, origin: str, page: Page, video: VideoCodec, audio: AudioCodec, channels: Literal[1, 2]
) -> None:
    config = RenderConfig(
        video=VideoSpec(codec=video, width_px=160, height_px=90, preset="ultrafast"),
        audio=AudioSpec(codec=audio, channels=channels),
        files=("video", "audio"),
    )
    (tmp_path / "segments").mkdir()
    with FilesWriter(tmp_path, config) as writer:
        for file, segment in write_film(tmp_path / "segments", FRAMES, tone(TONE_HZ, DURATION_S), config):
            writer.append(file, segment)
        files = writer.finish()
    for each in files:
        played: dict[str, Any] = await page.evaluate(PLAY, f"{origin}/{each.path.name}")
        assert played["duration"] == pytest.approx(DURATION_S, abs=0.004), each.path.name
        assert played["soughtTo"] == pytest.approx(3.5, abs=0.05)
        # At four times the speed the player's clock may run past the end before it notices.
        assert played["end"] >= DURATION_S - 0.05
        assert (played["width"], played["height"]) == ((160, 90) if each.kind == "video" else (0, 0))
        assert played["soundDuration"] == pytest.approx(DURATION_S, abs=0.03)
        assert played["channels"] == channels
        heard = np.array(played["sound"])
        assert np.abs(heard - tone(TONE_HZ, 0.1)).max() < 0.05, "the sound begins where it should"
