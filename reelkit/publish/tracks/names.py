"""What track files are called."""

import re

from reelkit.capture.events import Source
from reelkit.publish.tracks.spec import STREAM_KINDS, TrackLayer

MAX_ID_LENGTH = 40
"""Of a participant and of a peer: they are UUIDs, but journals are data."""
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]")


def track_name(
    layer: TrackLayer, participant_id: str, peer_id: str, source: Source, start_ms: int, extension: str
) -> str:
    """``{prefix}_{participant}_{peer}_{stream kind}_{media kind}_{unix ms}.{ext}``: the time is that of the file's
    beginning, so that the names of two files tell how far apart they begin."""
    parts = (
        layer.file_name_prefix,
        _safe(participant_id),
        _safe(peer_id),
        STREAM_KINDS[source],
        layer.media_kind.value,
    )
    return f"{'_'.join(parts)}_{start_ms}.{extension}"


def _safe(identifier: str) -> str:
    """Without what file systems, URLs or the splitting of the name could stumble over."""
    return _UNSAFE.sub("-", identifier)[:MAX_ID_LENGTH]
