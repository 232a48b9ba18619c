"""Session descriptions that Chromium 156 with the SDK and Janus 1.1.2 sent each other in a meeting of two.

Alice's receiving PeerConnection connects, gets one consumer after the other, and Bob's closes and gets one again.
"""

from functools import cache
from pathlib import Path

_TEXTS = Path(__file__).parent / "sdp"


@cache
def sdp(name: str) -> str:
    """The text of ``sdp/<name>.sdp`` with the line ends of the wire."""
    return "".join(f"{line}\r\n" for line in (_TEXTS / f"{name}.sdp").read_text().splitlines())
