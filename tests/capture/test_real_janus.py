"""What a real Janus writes, read while it grows."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from av.video.codeccontext import VideoCodecContext

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.events import MediaKind
from reelkit.capture.unit_reader import UnitReader
from reelkit.clock import SystemClock
from reelkit.settings import SfuSettings
from reelkit.sfu import Sfu, SfuRoom
from testbed.clip_track import ClipTrack
from testbed.clips import VideoCodec, camera_clip, microphone_clip
from testbed.timeline import people
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

FEED = "peer-1"
(ADA,) = people(1)


@asynccontextmanager
async def sending(room: SfuRoom, codec: VideoCodec, zero_s: float) -> AsyncIterator[None]:
    """Ada sends her microphone (m-line 0) and her camera (m-line 1)."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        sound, picture = microphone_clip(ADA), camera_clip(ADA, codec, width_px=320, height_px=180)
        for track in (
            ClipTrack("audio", sound, zero_s, signal=ADA.signal, on_signal=lambda _: None),
            ClipTrack("video", picture, zero_s, signal=ADA.signal, on_signal=lambda _: None),
        ):
            transceiver = pc.addTransceiver(track, "sendonly")
            if track.kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([each for each in codecs if each.mimeType == f"video/{codec.upper()}"])
        await pc.setLocalDescription(await pc.createOffer())
        publisher = await room.publisher(FEED, "Ada")
        answer = await publisher.join_and_configure(pc.localDescription.sdp)
        await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(publisher.connected.wait(), PATIENCE_S)
        yield
    finally:
        await pc.close()


async def follow(reader: UnitReader, until_s: float) -> list[AccessUnit]:
    """Reads while the file grows, until a unit that was captured after ``until_s``."""
    units: list[AccessUnit] = []
    async with asyncio.timeout(PATIENCE_S):
        while not units or units[-1].capture_s < until_s:
            reader.poll(time.time() - 0.5)
            units += [reader.unit(index) for index in range(reader.start, reader.stop)]
            reader.trim(reader.stop)
            await asyncio.sleep(0.05)
    return units


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_a_recorded_participant_is_read_while_the_files_grow(tmp_path: Path, codec: VideoCodec) -> None:
    async with Sfu(SfuSettings(), tmp_path / "janus", SystemClock()) as sfu:
        room = await sfu.create_room("session-1", tmp_path / "rtp")
        catalog = Catalog(tmp_path / "rtp")
        zero_s = time.time()
        async with sending(room, codec, zero_s):
            await room.set_recording(True)
            started_s = time.time()
            followed: dict[MediaKind, list[AccessUnit]] = {}
            readers: dict[MediaKind, UnitReader] = {}
            async with asyncio.timeout(PATIENCE_S):
                while len(readers) < 2:
                    for file in catalog.scan():
                        codec_name = "opus" if file.key.kind is MediaKind.AUDIO else codec
                        readers[file.key.kind] = UnitReader(file.path, codec_name)
                        assert file.key == TrackKey(FEED, file.key.kind, 0 if codec_name == "opus" else 1)
                        assert abs(file.created_s - started_s) < 1.0
                    await asyncio.sleep(0.02)
            found = await asyncio.gather(*(follow(reader, started_s + 3.0) for reader in readers.values()))
            followed = dict(zip(readers, found, strict=True))
            await room.set_recording(False)
        for kind, reader in readers.items():
            reader.poll(float("inf"))
            followed[kind] += [reader.unit(index) for index in range(reader.start, reader.stop)]
            again = UnitReader(reader.path, codec if kind is MediaKind.VIDEO else "opus")
            again.poll(float("inf"))
            assert [again.unit(index) for index in range(again.stop)] == followed[kind]
            assert reader.counters.malformed == reader.counters.wild == 0
        sound, picture = followed[MediaKind.AUDIO], followed[MediaKind.VIDEO]
        assert len(sound) == pytest.approx((sound[-1].capture_s - sound[0].capture_s) * 50 + 1, abs=3)
        decodable = [unit for unit in picture if unit.decodable]
        assert len(decodable) >= 30
        decoder = av.CodecContext.create(codec, "r")
        assert isinstance(decoder, VideoCodecContext)
        frames = [frame for unit in decodable for frame in decoder.decode(av.Packet(unit.data))]
        frames += decoder.decode(None)
        assert len(frames) == len(decodable)
        assert {(frame.width, frame.height) for frame in frames} == {(320, 180)}
        assert {(unit.width_px, unit.height_px) for unit in decodable} == {(320, 180)}
        # The sender's clock runs evenly, so capture times must too, however the packets were held up.
        offsets_s = [unit.capture_s - unit.timestamp / readers[MediaKind.VIDEO].clock_rate_hz for unit in decodable]
        assert max(offsets_s) - min(offsets_s) < 0.05
