"""What a film still needs of the packet files, so that the rest can be given back to the disk."""

from collections.abc import Iterable, Mapping

from reelkit.capture.catalog import Catalog, PacketFile
from reelkit.capture.events import Event, MediaKind, PeerLeft, ProducerOpened
from reelkit.render.checkpoint import Checkpoint
from reelkit.render.picture import video_starts
from reelkit.render.sound import audio_starts

Needed = Mapping[str, int | None]
"""By name of the packet file: the offset from which on it is needed, None if nothing of it is. A file that is not named
is needed whole."""

_MARGIN_S = 1.0
"""Pictures are taken ahead of the sound, which has to have come past a file as well."""


class Needs:
    """Follows the checkpoints of a film, the last two of which a restart may begin with.

    A file that a checkpoint leads back to is needed from there. One that it does not name is needed whole, as it may
    still be opened, unless its peer has left or a later file of the same track has begun.
    """

    def __init__(self, catalog: Catalog, *, pictures: bool = True) -> None:
        """Without ``pictures`` the film is sound alone."""
        self._catalog = catalog
        self._pictures = pictures
        self._feeds: dict[str, set[str]] = {}
        """Of each peer who is there."""
        self._left_s: dict[str, float] = {}
        """By feed: when its peer left. Who comes back sends another."""
        self._last: Needed | None = None

    def extend(self, events: Iterable[Event]) -> None:
        """Takes the next events of the journal, in its order."""
        for event in events:
            match event:
                case ProducerOpened():
                    self._feeds.setdefault(event.peer_id, set()).add(event.feed)
                    self._left_s.pop(event.feed, None)
                case PeerLeft():
                    self._left_s |= dict.fromkeys(self._feeds.pop(event.peer_id, ()), event.time_s)
                case _:
                    pass

    def committed(self, checkpoint: Checkpoint, wall_s: float) -> Needed | None:
        """What is needed once ``checkpoint``, which was made behind the frame of the instant ``wall_s``, is on the disk
        beside the one before; None means everything, as with the first. Raises CheckpointError."""
        last, self._last = self._last, self._behind(checkpoint, wall_s - _MARGIN_S)
        return None if last is None else least((last, self._last))

    def _behind(self, checkpoint: Checkpoint, wall_s: float) -> Needed:
        needed: dict[str, int | None] = {}
        for key in self._catalog.keys:
            files = self._catalog.files(key)
            for file, later in zip(files, [*files[1:], None], strict=True):
                if self._is_passed(file, later, wall_s):
                    needed[file.path.name] = None
        needed |= audio_starts(checkpoint.sound)
        return needed | video_starts(checkpoint.picture) if self._pictures else needed

    def _is_passed(self, file: PacketFile, later: PacketFile | None, wall_s: float) -> bool:
        if file.key.kind is MediaKind.VIDEO and not self._pictures:
            return True
        if later is not None and later.created_s <= wall_s:
            return True
        return self._left_s.get(file.key.feed, wall_s) < wall_s


def least(needs: Iterable[Needed | None]) -> Needed | None:
    """What all of ``needs``, of which there must be one at least, need together; None stands for everything."""
    together: dict[str, int | None] | None = None
    for needed in needs:
        if needed is None:
            return None
        if together is None:
            together = dict(needed)
            continue
        together = {name: _least(offset, needed[name]) for name, offset in together.items() if name in needed}
    return together


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
