from pathlib import Path

import av
import pytest

from reelkit.render.video_decoder import VideoDecoder
from testbed.capture import write_capture
from tests.render.captures import LOSSY, one_camera


@pytest.fixture(scope="session")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of one camera, keyframes at 0, 2, 4 and 6 s."""
    return write_capture(one_camera(8.0), tmp_path_factory.mktemp("steady"))


@pytest.fixture(scope="session")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same over a network that loses packets."""
    return write_capture(one_camera(8.0, device=LOSSY), tmp_path_factory.mktemp("lossy"))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is decoded from now on."""
    units: list[bytes] = []
    decode = VideoDecoder.decode

    def noting(self: VideoDecoder, data: bytes) -> av.VideoFrame | None:
        units.append(data)
        return decode(self, data)

    monkeypatch.setattr(VideoDecoder, "decode", noting)
    return units
