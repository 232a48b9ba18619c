from pathlib import Path

import av
import pytest

from reelkit.render.video_decoder import VideoDecoder
from testbed.capture import CaptureSpec, write_capture
from tests.render.captures import EXACT, LOSSY, MEETING, SHAKY, one_camera


@pytest.fixture(scope="session")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of one camera, keyframes at 0, 2, 4 and 6 s."""
    return write_capture(one_camera(8.0), tmp_path_factory.mktemp("steady"))


@pytest.fixture(scope="session")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same over a network that loses packets."""
    return write_capture(one_camera(8.0, device=LOSSY), tmp_path_factory.mktemp("lossy"))


@pytest.fixture(scope="session")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People who come, go and share a screen, with exact capture times."""
    return write_capture(CaptureSpec(MEETING, device=EXACT), tmp_path_factory.mktemp("meeting"))


@pytest.fixture(scope="session")
def shaky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same over a network that loses and delays packets."""
    return write_capture(CaptureSpec(MEETING, device=SHAKY), tmp_path_factory.mktemp("shaky"))


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
