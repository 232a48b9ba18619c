"""What a track recording still needs of the packet files, so that the rest can be given back to the disk."""

from collections.abc import Iterable

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import MediaKind
from reelkit.publish.tracks.roster import Roster
from reelkit.publish.tracks.track import Track


def needed_from(
    catalog: Catalog, roster: Roster, tracks: Iterable[Track], kinds: frozenset[MediaKind]
) -> dict[str, int | None]:
    """By name of the packet file, once the marks of ``tracks`` are saved: the offset from which on it is needed, None
    if nothing of it is. Files that are not named are needed whole, because it is not known yet whose they are."""
    wanted: dict[str, list[int | None]] = {}
    for track in tracks:
        for name, source in track.sources.items():
            wanted.setdefault(name, []).append(source.needed_from())
        for name in track.done:
            wanted.setdefault(name, []).append(None)
    needed: dict[str, int | None] = {}
    for key in catalog.keys:
        for file in catalog.files(key):
            name = file.path.name
            if name in wanted:
                offsets = [offset for offset in wanted[name] if offset is not None]
                needed[name] = min(offsets) if offsets else None
            elif key.kind not in kinds or (key in roster.known and not any(roster.of(key))):
                needed[name] = None
    return needed
