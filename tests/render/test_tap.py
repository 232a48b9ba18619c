"""What a stream gets of a film, and that the film does not know of it."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import pytest

from reelkit.capture.events import RecordingMarked
from reelkit.clock import SystemClock
from reelkit.render.config import AudioCodec, AudioSpec, RenderConfig
from reelkit.render.renderer import Renderer
from reelkit.render.tap import Encoded
from reelkit.render.timeline import Timeline as FilmTimeline
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, write_capture
from testbed.timeline import Timeline, people
from tests.render.films import CONFIG, Job
from tests.render.waiting import WaitingClock


class Kept:
    """A tap that keeps what comes."""

    def __init__(self) -> None:
        self.packets: list[Encoded] = []
        self.idle_s: list[float] = []

    def take(self, packets: Sequence[Encoded]) -> None:
        self.packets += packets

    def idle(self, until_s: float) -> None:
        self.idle_s.append(until_s)

    def of(self, kind: str) -> list[Encoded]:
        return [packet for packet in self.packets if packet.kind == kind]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_capture(CaptureSpec(Timeline(7.0, people(2))), tmp_path_factory.mktemp("meeting"))


@pytest.mark.parametrize("codec", ["AAC", "MP3"])
def test_the_film_is_the_same_with_and_without_a_stream(capture: Path, tmp_path: Path, codec: AudioCodec) -> None:
    config = CONFIG.model_copy(update={"audio": AudioSpec(codec=codec)})
    plain = Job(capture, tmp_path / "plain", config)
    plain.render()
    film = plain.film() if codec == "AAC" else None
    kept = Kept()
    streamed = Job(capture, tmp_path / "streamed", config.model_copy(update={"stream": True}))
    renderer = Renderer(capture, streamed.config, streamed.directory, SystemClock(), kept)
    renderer.run(lambda _: None, streamed.segments.append)
    assert streamed.digests() == plain.digests()
    if film is None:
        assert len(kept.of("audio")) == pytest.approx(7.0 * 48_000 / 1_152, abs=3)
        return
    with av.open(film.path) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        assert [packet.data for packet in kept.of("audio")] == [bytes(packet) for packet in packets]
    with av.open(film.path) as container:
        sizes = [packet.size for packet in container.demux(video=0) if packet.size]
    assert len(kept.of("video")) == len(sizes) == 210


def test_packets_say_when_they_are_seen_and_heard(capture: Path, tmp_path: Path) -> None:
    kept = Kept()
    Renderer(capture, CONFIG, tmp_path, SystemClock(), kept).run(lambda _: None, lambda _: None)
    pictures, sounds = kept.of("video"), kept.of("audio")
    assert [packet.wall_s - ZERO_S for packet in pictures] == pytest.approx([number / 30 for number in range(210)])
    assert [index for index, packet in enumerate(pictures) if packet.keyframe] == [0, 96, 192]
    # A decoder gives the priming first, which lies before the film.
    assert [packet.wall_s - ZERO_S for packet in sounds] == pytest.approx(
        [(number - 1) * 1_024 / 48_000 for number in range(len(sounds))], abs=1e-5
    )
    assert all(packet.description for packet in kept.packets)
    assert len({packet.description for packet in pictures}) == 1


def test_a_pause_is_told_and_nothing_of_it_is_given(tmp_path: Path) -> None:
    marks = [(2.0, "paused"), (5.0, "resumed")]
    events = tuple(
        RecordingMarked.model_validate({"time_s": ZERO_S + at_s, "recording_id": "recording-1", "mark": mark})
        for at_s, mark in marks
    )
    spec = CaptureSpec(Timeline(8.0, people(1)), events=events)
    kept = Kept()
    with CaptureWriter(spec, tmp_path / "capture") as writer:
        clock = WaitingClock(ZERO_S - 1.0, writer.write_until)
        config = CONFIG.model_copy(update={"live": True})
        Renderer(tmp_path / "capture", config, tmp_path / "job", clock, kept).run(lambda _: None, lambda _: None)
    assert kept.idle_s == sorted(kept.idle_s)
    assert kept.idle_s[0] == pytest.approx(ZERO_S + 2.0, abs=0.2)
    assert kept.idle_s[-1] == pytest.approx(ZERO_S + 5.0, abs=0.2)
    assert all(later - earlier < 0.3 for earlier, later in pairwise(kept.idle_s))
    for packet in kept.packets:
        assert not ZERO_S + 2.03 < packet.wall_s < ZERO_S + 4.97
    assert len(kept.of("video")) == 150


def test_pictures_are_made_for_a_stream_whatever_is_delivered() -> None:
    assert RenderConfig(files=("audio",), stream=True).has_video
    assert RenderConfig(files=(), stream=True).main_file == "video"
    with pytest.raises(ValueError, match="files must name"):
        RenderConfig(files=())
    with pytest.raises(ValueError, match="only H264 is streamed"):
        RenderConfig.model_validate({"stream": True, "video": {"codec": "VP8"}, "audio": {"codec": "VORBIS"}})


def test_film_time_on_the_wall_clock() -> None:
    timeline = FilmTimeline(30, recording_id="recording-1")
    stretches = [("started", 10.0), ("paused", 12.0), ("resumed", 20.0)]
    timeline.extend(
        RecordingMarked.model_validate({"time_s": at_s, "recording_id": "recording-1", "mark": mark})
        for mark, at_s in stretches
    )
    found = [timeline.wall_at(film_s) for film_s in (-0.5, 0.0, 1.5, 2.0, 3.0)]
    assert found == pytest.approx([9.5, 10.0, 11.5, 20.0, 21.0])
