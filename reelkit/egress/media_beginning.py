"""How WebRTC over TCP begins, by which it is told from everything else that a page can make its browser send.

No request, WebSocket or relay that a page names begins with a STUN binding request (RFC 5389, 6) in the frame of
RFC 4571. ICE sends that first over TCP (RFC 6544), and nothing of the page's before the other end proves to be ICE too.
"""

import struct

from reelkit.egress.errors import EgressRefused
from reelkit.egress.wire import Wire

ONLY_MEDIA = "only WebRTC may connect there"
_BEGINNING = struct.Struct("!HHHI")
"""The frame's length; then of the message its type, its length and the magic cookie."""
_BINDING_REQUEST = 0x0001
_MAGIC_COOKIE = 0x2112_A442
_HEADER_BYTES = 20
"""Of a STUN message; its length does not count them."""
_WORD_BYTES = 4
"""All attributes of a STUN message are padded to it."""


async def media_beginning(browser: Wire) -> bytes:
    """The first bytes that come, all of which are to be passed on; nothing if the end comes first.

    The caller sets the time limit. Raises EgressRefused for what is not WebRTC.
    """
    beginning = b""
    while len(beginning) < _BEGINNING.size:
        piece = await browser.some(_BEGINNING.size - len(beginning))
        if not piece:
            break
        beginning += piece
    if beginning and not _is_binding_request(beginning):
        raise EgressRefused(ONLY_MEDIA)
    return beginning


def _is_binding_request(beginning: bytes) -> bool:
    if len(beginning) != _BEGINNING.size:
        return False
    frame_bytes, kind, attribute_bytes, cookie = _BEGINNING.unpack(beginning)
    return (kind, cookie, attribute_bytes % _WORD_BYTES, frame_bytes - attribute_bytes) == (
        _BINDING_REQUEST,
        _MAGIC_COOKIE,
        0,
        _HEADER_BYTES,
    )
