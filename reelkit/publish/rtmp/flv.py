"""Packets as RTMP carries them: the bodies of FLV's tags (Adobe Flash Video File Format Specification 10.1, E.4)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reelkit.publish.rtmp import amf0
from reelkit.render.config import AudioSpec, VideoSpec

_KEYFRAME, _INTERFRAME = 0x10, 0x20
_AVC = 7
_AVC_HEADER, _AVC_PICTURE = 0, 1
_AAC, _MP3 = 0xA0, 0x20
_RATE_44K, _16_BITS, _STEREO = 0x0C, 0x02, 0x01
"""AAC always says 44 kHz, 16 bits and stereo; MP3 of 48 kHz has no number and says 44 kHz. Decoders look inside."""
_AAC_HEADER, _AAC_FRAME = 0, 1
_SPS, _PPS, _DELIMITER = 7, 8, 9
_START = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Tag:
    """One packet of the stream."""

    kind: Literal["video", "audio"]
    timestamp_ms: int
    keyframe: bool
    """Whether a decoder can begin with it; of pictures only."""
    body: bytes
    header: bytes
    """The body of the sequence header that has to be sent before it, unless the last one of its kind was the same;
    empty if there is none."""

    @property
    def size_bytes(self) -> int:
        return len(self.body)


def nal_units(annex_b: bytes) -> Iterator[bytes]:
    """The units between start codes (ITU-T H.264, Annex B)."""
    start = annex_b.find(_START)
    while start >= 0:
        begin = start + len(_START)
        start = annex_b.find(_START, begin)
        # A unit never ends with a zero byte: those in front of a start code belong to the start code.
        unit = annex_b[begin : start if start >= 0 else len(annex_b)].rstrip(b"\x00")
        if unit:
            yield unit


def avc_header(parameter_sets: bytes) -> bytes:
    """The sequence header of H264 with ``parameter_sets``, which have start codes: an AVCDecoderConfigurationRecord
    (ISO/IEC 14496-15, 5.3.3.1). Raises ValueError if one is missing."""
    units = list(nal_units(parameter_sets))
    sps = next((unit for unit in units if unit[0] & 0x1F == _SPS), None)
    pps = next((unit for unit in units if unit[0] & 0x1F == _PPS), None)
    if sps is None or pps is None:
        raise ValueError("the encoder gave no parameter sets")
    record = bytes((1, sps[1], sps[2], sps[3], 0xFF, 0xE1)) + struct.pack(">H", len(sps)) + sps
    record += b"\x01" + struct.pack(">H", len(pps)) + pps
    if sps[1] in {100, 110, 122, 144}:
        # High profiles tell their chroma format and depths too: 4:2:0 in 8 bits, as all films here are.
        record += b"\xfd\xf8\xf8\x00"
    return bytes((_KEYFRAME | _AVC, _AVC_HEADER, 0, 0, 0)) + record


def avc_picture(annex_b: bytes, *, keyframe: bool) -> bytes:
    """A picture of H264, its units with their lengths instead of start codes. It is shown when it is decoded."""
    units = (unit for unit in nal_units(annex_b) if unit[0] & 0x1F != _DELIMITER)
    framed = b"".join(struct.pack(">I", len(unit)) + unit for unit in units)
    return bytes(((_KEYFRAME if keyframe else _INTERFRAME) | _AVC, _AVC_PICTURE, 0, 0, 0)) + framed


def sound_header(spec: AudioSpec, description: bytes) -> bytes:
    """The sequence header of AAC; MP3 has none."""
    return bytes((_AAC | _RATE_44K | _16_BITS | _STEREO, _AAC_HEADER)) + description if spec.codec == "AAC" else b""


def sound_packet(spec: AudioSpec, frame: bytes) -> bytes:
    """A frame of AAC or MP3."""
    if spec.codec == "AAC":
        return bytes((_AAC | _RATE_44K | _16_BITS | _STEREO, _AAC_FRAME)) + frame
    return bytes((_MP3 | _RATE_44K | _16_BITS | (_STEREO if spec.channels == 2 else 0),)) + frame


def metadata(video: VideoSpec, audio: AudioSpec) -> amf0.EcmaArray:
    """What the stream is (E.5)."""
    return amf0.EcmaArray(
        {
            "width": float(video.width_px),
            "height": float(video.height_px),
            "framerate": float(video.fps),
            "videocodecid": float(_AVC),
            "audiocodecid": 10.0 if audio.codec == "AAC" else 2.0,
            "audiosamplerate": 48_000.0,
            "audiosamplesize": 16.0,
            "audiodatarate": audio.bitrate_bps / 1_000,
            "stereo": audio.channels == 2,
            "encoder": "Reelkit",
        }
    )
