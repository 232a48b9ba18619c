"""The simple handshake (Adobe's RTMP Specification 1.0, 5.2): each side repeats what the other has sent."""

import asyncio
import os
import struct

from reelkit.publish.rtmp.errors import ConnectionEnded, ProtocolViolation

_VERSION = 3
_BLOCK_BYTES = 1_536


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As the client. Raises ProtocolViolation, ConnectionEnded, OSError."""
    ours = struct.pack(">II", 0, 0) + os.urandom(_BLOCK_BYTES - 8)
    writer.write(bytes((_VERSION,)) + ours)
    try:
        version = (await reader.readexactly(1))[0]
        if version != _VERSION:
            raise ProtocolViolation("the server does not speak RTMP", version=version)
        writer.write(await reader.readexactly(_BLOCK_BYTES))
        # Servers that know the digest handshake too answer with something of their own here, which nobody checks.
        await reader.readexactly(_BLOCK_BYTES)
    except asyncio.IncompleteReadError as error:
        raise ConnectionEnded("the server closed the connection during the handshake") from error
