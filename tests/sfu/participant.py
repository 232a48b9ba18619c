"""A client made of aiortc: it publishes a small pre-encoded video and silence, or receives what it is offered."""

import asyncio
import fractions
from functools import cache
from types import TracebackType
from typing import Self

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from av.packet import Packet
from av.stream import Stream

from reelkit.sfu import Offer

_WIDTH_PX, _HEIGHT_PX, _FPS = 64, 48, 20
# aiortc does not make a keyframe of a pre-encoded packet on request, so there is one every half second.
_GOP_FRAMES = 10


@cache
def clip() -> tuple[bytes, ...]:
    """One second of VP8, a brightening grey."""
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = _WIDTH_PX, _HEIGHT_PX, "yuv420p"
    encoder.time_base, encoder.framerate = fractions.Fraction(1, _FPS), fractions.Fraction(_FPS)
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "g": str(_GOP_FRAMES), "lag-in-frames": "0"}
    packets = []
    for index in range(_FPS):
        frame = av.VideoFrame.from_ndarray(
            np.full((_HEIGHT_PX, _WIDTH_PX, 3), 40 + 8 * index, dtype=np.uint8), format="rgb24"
        )
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return tuple(bytes(packet) for packet in packets)


class ClipTrack(MediaStreamTrack):
    """Plays the clip round and round in real time."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._frames = 0
        self._started_s: float | None = None

    async def recv(self) -> "Packet[Stream]":
        now_s = asyncio.get_running_loop().time()
        self._started_s = self._started_s if self._started_s is not None else now_s
        await asyncio.sleep(max(0.0, self._started_s + self._frames / _FPS - now_s))
        packet = Packet(clip()[self._frames % len(clip())])
        packet.time_base = fractions.Fraction(1, 90_000)
        packet.pts = packet.dts = self._frames * 90_000 // _FPS
        self._frames += 1
        return packet


class Participant:
    """One RTCPeerConnection; an async context manager."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.tracks: asyncio.Queue[MediaStreamTrack] = asyncio.Queue()
        self.pc.on("track", self.tracks.put_nowait)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pc.close()

    def send_audio(self) -> None:
        self.pc.addTransceiver(AudioStreamTrack(), "sendonly")

    def send_video(self) -> RTCRtpSender:
        transceiver = self.pc.addTransceiver(ClipTrack(), "sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in ("video/VP8", "video/rtx")])
        return transceiver.sender

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp: str = self.pc.localDescription.sdp
        return sdp

    async def take_answer(self, sdp: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def answer(self, offer: Offer) -> str:
        await self.pc.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        sdp: str = self.pc.localDescription.sdp
        return sdp

    def mids(self) -> list[str | None]:
        """The mids of all m-lines in their order."""
        return [transceiver.mid for transceiver in self.pc.getTransceivers()]
