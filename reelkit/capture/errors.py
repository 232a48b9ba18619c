"""Errors of reading and writing a capture.

CaptureError
├── PacketFileError      a packet file is not one that Janus wrote
├── MalformedPacket      bytes that are no RTP packet
├── MalformedPayload     an RTP payload that breaks its codec's format
├── UnsupportedCodec     no depacketizer for the codec
├── CheckpointError      a saved state does not fit
└── ReclaimUnsupported   the file system cannot give back a part of a file
"""

from reelkit.errors import ReelkitError


class CaptureError(ReelkitError):
    """Base of the package's errors."""


class PacketFileError(CaptureError):
    """The file does not begin like an MJR00002 file: nothing in it can be placed in time."""


class MalformedPacket(CaptureError):
    """Not an RTP packet (RFC 3550, RFC 8285). Readers count it and go on."""


class MalformedPayload(CaptureError):
    """The payload breaks its codec's RTP format. Assemblers treat it as lost."""


class UnsupportedCodec(CaptureError):
    """The capture holds a codec that nothing here can put together."""


class CheckpointError(CaptureError):
    """A saved state was made for another file or by an incompatible version."""


class ReclaimUnsupported(CaptureError):
    """The file system has no holes in files; nothing was changed."""
