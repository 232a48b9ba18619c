"""The sender with a real RTMP server: what arrives there, whatever happens on the way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from pydantic import SecretStr

from reelkit.clock import SystemClock
from reelkit.egress import connect
from reelkit.process import wait_until
from reelkit.publish.rtmp.sender import StreamSender
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.rtmp.status import StreamState
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.renderer import Renderer
from reelkit.render.tap import Encoded
from reelkit.settings import EgressSettings, RtmpSettings
from testbed.capture import ZERO_S, CaptureSpec, write_capture
from testbed.checker import check_film
from testbed.faulty_link import FaultyLink
from testbed.nginx_rtmp import NginxRtmp
from testbed.timeline import Timeline, people
from testbed.tls_relay import TlsRelay
from tests.patience import PATIENCE_S

# A film is sent at several times the speed of its meeting.
pytestmark = pytest.mark.alone

KEY = "key-that-nobody-may-see"
MEETING = Timeline(16.0, people(2))
CONFIG = RenderConfig(
    recording_id="recording-1",
    stream=True,
    video=VideoSpec(width_px=640, height_px=360, preset="ultrafast", crf=26),
)
SPEED = 8.0
"""Of the meeting's time in tests."""
FILLER = bytes.fromhex("0000010c") + b"\xff" * 60_000 + b"\x80"
"""A unit of filler data (ITU-T H.264, 7.3.2.7), which decoders pass over."""


class FastClock(SystemClock):
    """The meeting's wall clock, running fast."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()

    def time_s(self) -> float:
        return ZERO_S + (time.monotonic() - self._began_s) * SPEED


class Kept:
    """A tap that keeps what comes."""

    def __init__(self) -> None:
        self.packets: list[Encoded] = []

    def take(self, packets: Any) -> None:
        self.packets += packets

    def idle(self, until_s: float) -> None:  # noqa: ARG002 - as taps have it
        raise AssertionError("there was no pause")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> list[Encoded]:
    """What the encoders gave of the meeting."""
    directory = tmp_path_factory.mktemp("film")
    capture = write_capture(CaptureSpec(MEETING), directory / "capture")
    kept = Kept()
    Renderer(capture, CONFIG, directory / "job", SystemClock(), kept).run(lambda _: None, lambda _: None)
    return kept.packets


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NginxRtmp]:
    async with NginxRtmp(tmp_path / "rtmp") as running:
        yield running


class Live:
    """A film that is streamed while it is made."""

    def __init__(self, url: str, film: list[Encoded], **settings: Any) -> None:
        # A machine that stands still is no renderer that fell behind: its seconds are many on the fast clock.
        patient = {"max_behind_s": PATIENCE_S * SPEED, "end_timeout_s": PATIENCE_S}
        rtmp = RtmpSettings(**{"retry_first_s": 0.05, "retry_max_s": 0.2, **patient, **settings})
        spec = StreamSpec(url=SecretStr(url), egress=EgressSettings(allowed_networks=["127.0.0.0/8", "::1"]), rtmp=rtmp)
        self.clock = FastClock()
        self.sender = StreamSender(spec, CONFIG, self.clock)
        self._film = film

    async def play(self) -> None:
        """Gives each packet when its encoder would have."""
        for packet in self._film:
            await asyncio.sleep((packet.wall_s - self.clock.time_s()) / SPEED)
            self.sender.take([packet])

    async def until(self, condition: Callable[[], bool]) -> None:
        async def holds() -> bool:
            return condition()

        await wait_until(holds, timeout_s=PATIENCE_S, interval_s=0.005)

    async def is_(self, state: StreamState) -> None:
        await self.until(lambda: self.sender.status.state is state)


@asynccontextmanager
async def live(url: str, film: list[Encoded], **settings: Any) -> AsyncIterator[Live]:
    streamed = Live(url, film, **settings)
    streamed.sender.start()
    playing = asyncio.create_task(streamed.play())
    try:
        yield streamed
        await playing
    finally:
        playing.cancel()
        await asyncio.to_thread(streamed.sender.close)
    assert streamed.sender.status.state is StreamState.ENDED


def keyframes_first(path: Path) -> None:
    """A decoder can begin with the file's first picture and finds no fault in any."""
    with av.open(path) as container:
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        assert next(container.decode(video=0)).key_frame
        assert sum(1 for _ in container.decode(video=0)) > 30


async def test_the_film_arrives_as_it_was_made(server: NginxRtmp, film: list[Encoded]) -> None:
    async with live(server.url(KEY), film) as streamed:
        await streamed.is_(StreamState.LIVE)
    status = streamed.sender.status
    assert (status.reconnects, status.dropped_gops, status.error) == (0, 0, None)
    assert status.target == f"rtmp://127.0.0.1:{server.port}/live/…"
    (file,) = server.recordings(KEY)
    report = check_film(file, MEETING, start_s=0.0)
    assert report.problems == ()
    assert report.facts.frame_count == 480
    with av.open(file) as container:
        assert (container.duration or 0) / av.time_base == pytest.approx(16.0, abs=0.1)


async def test_a_server_that_is_killed_is_streamed_to_again(server: NginxRtmp, film: list[Encoded]) -> None:
    async with live(server.url(KEY), film) as streamed:
        await streamed.is_(StreamState.LIVE)
        await streamed.until(lambda: streamed.sender.status.sent_bytes > 100_000)
        await server.stop()
        await streamed.is_(StreamState.RETRYING)
        error = streamed.sender.status.error
        assert error is not None
        assert KEY not in error
        await server.start()
        await streamed.is_(StreamState.LIVE)
    status = streamed.sender.status
    assert status.reconnects == 1
    assert status.dropped_gops >= 1
    first, second = server.recordings(KEY)
    assert first != second
    keyframes_first(second)
    report = check_film(second, MEETING)
    assert [person.name for person in report.participants if person.seen and person.heard] == ["Ada", "Bo"]
    assert report.start_s is not None
    assert report.start_s > 2.0


async def test_a_server_that_refuses_is_asked_again(server: NginxRtmp, film: list[Encoded]) -> None:
    async with live(server.url(KEY, "closed"), film[:200]) as streamed:
        await streamed.is_(StreamState.RETRYING)
        await streamed.until(lambda: "/closed/" in streamed.sender.status.target)
    assert streamed.sender.status.sent_bytes > 0
    assert streamed.sender.status.error is not None
    assert KEY not in streamed.sender.status.error
    assert server.recordings(KEY) == []


async def test_a_server_that_stalls_costs_whole_groups(server: NginxRtmp, film: list[Encoded]) -> None:
    async with FaultyLink(server.port) as link:
        url = server.url(KEY).replace(str(server.port), str(link.port))
        many = [replace(packet, data=packet.data + FILLER) if packet.kind == "video" else packet for packet in film]
        async with live(url, many, stall_timeout_s=0.5, queue_s=4.0) as streamed:
            await streamed.is_(StreamState.LIVE)
            link.stalled = True
            await streamed.is_(StreamState.RETRYING)
            assert streamed.sender.status.error == "the server took no data for 0.5 s"
            link.stalled = False
            await streamed.is_(StreamState.LIVE)
        assert streamed.sender.status.reconnects >= 1
        assert streamed.sender.status.dropped_gops >= 1
    keyframes_first(server.recordings(KEY)[-1])


async def test_tls_is_checked_against_the_name(
    server: NginxRtmp, film: list[Encoded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tls").mkdir()
    async with TlsRelay(server.port, tmp_path / "tls") as relay:
        url = f"rtmps://localhost:{relay.port}/live/{KEY}"
        connect._authorities.cache_clear()
        async with live(url, film[:400]) as streamed:
            await streamed.is_(StreamState.RETRYING)
            assert "cannot be trusted" in (streamed.sender.status.error or "")
        monkeypatch.setenv("SSL_CERT_FILE", str(relay.authority))
        connect._authorities.cache_clear()
        async with live(url.replace("localhost", "127.0.0.2"), film[:400]) as streamed:
            await streamed.is_(StreamState.RETRYING)
            assert "cannot be trusted" in (streamed.sender.status.error or "")
        assert server.recordings(KEY) == []
        async with live(url, film) as streamed:
            await streamed.is_(StreamState.LIVE)
    connect._authorities.cache_clear()
    (file,) = server.recordings(KEY)
    assert check_film(file, MEETING, start_s=0.0).problems == ()


async def test_an_address_that_callers_may_not_reach(film: list[Encoded]) -> None:
    streamed = Live("rtmp://127.0.0.1:1/live/key", film)
    spec = StreamSpec(url=SecretStr("rtmp://127.0.0.1:1/live/key"), egress=EgressSettings(), rtmp=RtmpSettings())
    sender = streamed.sender = StreamSender(spec, CONFIG, streamed.clock)
    sender.start()
    await streamed.is_(StreamState.RETRYING)
    assert sender.status.error == "the host is not on the public internet"
    await asyncio.to_thread(sender.close)


async def test_a_stream_that_comes_too_late_is_black_until_it_has_caught_up(
    server: NginxRtmp, film: list[Encoded]
) -> None:
    async with live(server.url(KEY), film) as streamed:
        await streamed.is_(StreamState.LIVE)
    assert streamed.sender.status.dropped_gops == 0
    late = Live(server.url("late"), film, max_behind_s=6.0)
    late.sender.start()
    await late.is_(StreamState.LIVE)
    late.clock._began_s = time.monotonic() - 12.0 / SPEED
    for packet in film:
        late.sender.take([packet])
    await asyncio.to_thread(late.sender.close)
    (file,) = server.recordings("late")
    with av.open(file) as container:
        levels = [float(frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    assert levels[0] == 0.0
    assert levels[-1] > 20.0
    assert len(levels) < 400
