"""The playlist of a finished recording (RFC 8216)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_VERSION = 6
"""The first with EXT-X-INDEPENDENT-SEGMENTS outside a master playlist that all players take (section 7)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One media segment."""

    name: str
    duration_s: float


def media_playlist(pieces: Sequence[Piece]) -> str:
    """A complete VOD playlist. Each piece begins with a keyframe."""
    longest_s = max((piece.duration_s for piece in pieces), default=0.0)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        # No duration, rounded to the nearest second, may exceed it (section 4.3.3.1).
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(longest_s))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for piece in pieces:
        lines += [f"#EXTINF:{piece.duration_s:.6f},", piece.name]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def read_playlist(text: str) -> list[Piece]:
    """The pieces of a playlist as :func:`media_playlist` makes it. Raises ValueError if it is none, or not complete."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines[:1] != ["#EXTM3U"] or lines[-1] != "#EXT-X-ENDLIST":
        raise ValueError("this is no complete media playlist")
    pieces: list[Piece] = []
    duration_s: float | None = None
    for line in lines:
        if line.startswith("#EXTINF:"):
            duration_s = float(line.removeprefix("#EXTINF:").split(",")[0])
        elif not line.startswith("#"):
            if duration_s is None:
                raise ValueError(f"the playlist does not tell how long {line} lasts")
            pieces.append(Piece(line, duration_s))
            duration_s = None
    return pieces
