"""Continuing a video source in another process."""

import json
import math
from pathlib import Path

import av
import pytest

from reelkit.capture.catalog import Catalog
from reelkit.render.errors import CheckpointError
from reelkit.render.video_decoder import VideoDecoder
from reelkit.render.video_source import VideoSource
from testbed.capture import ZERO_S
from tests.render.captures import counters, film, planes_of, source_of


@pytest.mark.parametrize("stop_frame", [0, 1, 17, 60, 61, 119, 150, 239])
@pytest.mark.parametrize("capture", ["steady", "lossy"])
def test_a_restored_source_gives_the_same_bytes(
    capture: str, stop_frame: int, request: pytest.FixtureRequest, decoded: list[bytes]
) -> None:
    directory: Path = request.getfixturevalue(capture)
    instants = film(0, 8)
    source = source_of(directory)
    for instant_s in instants[:stop_frame]:
        source.frame_at(ZERO_S + instant_s, ZERO_S)
    state = source.checkpoint()
    catalog = Catalog(directory / "rtp")
    catalog.scan()
    decoded.clear()
    if state is None:
        restored = source_of(directory)
    else:
        restored = VideoSource.restored(catalog, math.inf, json.loads(json.dumps(state)))
    again = len(decoded)

    for instant_s in instants[stop_frame : stop_frame + 90]:
        one, other = (each.frame_at(ZERO_S + instant_s, ZERO_S) for each in (source, restored))
        assert one is not None
        assert other is not None
        assert planes_of(one) == planes_of(other)
    assert again <= 60, "no more than from the last keyframe on"


def test_a_checkpoint_after_damaged_data_keeps_the_picture_that_was_held(
    steady: Path, decoded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = VideoDecoder.decode
    bad: set[bytes] = set()

    def failing(self: VideoDecoder, data: bytes) -> av.VideoFrame | None:
        if data in bad:
            raise av.error.InvalidDataError(1, "damaged")
        return decode(self, data)

    counters(source_of(steady), film(0, 4))
    bad.update((decoded[60], decoded[90]))
    monkeypatch.setattr(VideoDecoder, "decode", failing)
    source = source_of(steady)
    assert counters(source, film(0, 3))[-1] == 59
    catalog = Catalog(steady / "rtp")
    catalog.scan()
    restored = VideoSource.restored(catalog, math.inf, source.checkpoint() or {})

    assert counters(restored, film(3, 6)) == counters(source, film(3, 6)) == [*[59] * 30, *range(120, 180)]


def test_a_checkpoint_after_a_damaged_keyframe_and_a_jump_keeps_the_picture_that_was_held(
    steady: Path, decoded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = VideoDecoder.decode
    counters(source_of(steady), film(0, 3))
    keyframe = decoded[60]

    def failing(self: VideoDecoder, data: bytes) -> av.VideoFrame | None:
        if data == keyframe:
            raise av.error.InvalidDataError(1, "damaged")
        return decode(self, data)

    monkeypatch.setattr(VideoDecoder, "decode", failing)
    source = source_of(steady)
    assert counters(source, [0.5, 3.0]) == [15, 15]
    catalog = Catalog(steady / "rtp")
    catalog.scan()
    restored = VideoSource.restored(catalog, math.inf, source.checkpoint() or {})

    assert counters(restored, [3.1, 4.1]) == [15, 123]


@pytest.mark.parametrize("damage", [{}, {"feed": "feed-1"}, {"file": "other.mjr"}, {"next": 10_000}])
def test_a_checkpoint_of_something_else_is_refused(steady: Path, damage: dict[str, object]) -> None:
    source = source_of(steady)
    counters(source, film(0, 1))
    state = source.checkpoint()
    assert state is not None
    if "feed" in damage or not damage:
        state = dict(damage)
    else:
        state["position"].update(damage)
    catalog = Catalog(steady / "rtp")
    catalog.scan()

    with pytest.raises(CheckpointError):
        VideoSource.restored(catalog, math.inf, state)
