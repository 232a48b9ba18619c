"""What was seen of each camera and screen in the film: how many pictures, and where the picture stood still.

A freeze is a stretch of film in which a camera is on and shown, but no new picture comes for more than half a second. A
shared screen sends next to nothing while it does not change, so that only what cannot be decoded counts there.
"""

from collections.abc import Collection
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.capture.catalog import TrackKey
from reelkit.capture.events import MediaKind, Source
from reelkit.render.errors import CheckpointError
from reelkit.render.meeting import Peer

FREEZE_S = 0.5
MAX_FREEZES = 50
"""Of each track; further ones are only counted."""
MAX_LISTED = 500
"""Freezes of all tracks together: people who come and go often have many tracks."""
_BREAK_S = 0.25
"""A track that was not asked for a picture for so long was off, not shown, or the recording was paused."""

FreezeReason = Literal["loss", "keyframe_awaited", "nothing_arrived"]


class PictureCounts(BaseModel):
    """What was done with the pictures of one packet file."""

    model_config = ConfigDict(extra="ignore")

    decoded: int = 0
    undecodable: int = 0
    """Frames that are damaged, or refer to damaged ones."""
    decoder_errors: int = 0
    lost: int = 0
    """Packets that are missing before or within frames."""


class Seen(NamedTuple):
    """A track at one instant of the film."""

    file: str
    shown_s: float | None
    """Capture time of the picture that is shown; None if none is."""
    taken: int
    """Frames of the file up to this instant."""
    counts: PictureCounts


NOTHING_SEEN = Seen("", None, 0, PictureCounts())
"""Of a track without a packet file that can be decoded."""


class Freeze(BaseModel):
    """The picture stood still."""

    model_config = ConfigDict(extra="ignore")

    wall_s: float
    length_s: float
    reason: FreezeReason


class _Still(BaseModel):
    """Since the picture that is shown appeared, or the track came on."""

    model_config = ConfigDict(extra="forbid")

    file: str
    since_s: float
    on_since_s: float
    asked_s: float
    shown_s: float | None
    taken: int
    lost: int
    undecodable: int


class TrackViewing(BaseModel):
    """What was seen of one track; JSON-able."""

    model_config = ConfigDict(extra="ignore")

    feed: str
    mindex: int
    source: Source
    peer_id: str = ""
    participant_id: str = ""
    gone: bool = False
    """Whether the peer left. What was seen of all tracks of a participant's camera, or screen, that are gone is one,
    under the name of the first."""
    decoded: int = 0
    undecodable: int = 0
    decoder_errors: int = 0
    frozen_s: float = 0.0
    """In all freezes together."""
    freezes: list[Freeze] = []
    freezes_left_out: int = 0
    still: _Still | None = None
    counted: PictureCounts = PictureCounts()
    """What is counted already of the present file."""

    def see(self, wall_s: float, on_since_s: float, seen: Seen) -> None:
        """The film shows the track at ``wall_s``; it is on since ``on_since_s``."""
        self._count(seen)
        still = self.still
        if still is not None and on_since_s < still.on_since_s:
            return  # an earlier scene that still fades out
        if still is not None and (still.on_since_s != on_since_s or wall_s > still.asked_s + _BREAK_S):
            self.end()
            still = None
        if still is None:
            self.still = self._begin(wall_s, on_since_s, seen)
            return
        if seen.shown_s is not None and (seen.file, seen.shown_s) != (still.file, still.shown_s):
            self._note(still, wall_s, seen.taken - 1, seen.counts)
            self.still = self._begin(wall_s, on_since_s, seen)
            return
        if seen.file != still.file:
            # Another file has begun and nothing of it is shown yet: what came is counted anew.
            still.file, still.shown_s, still.taken, still.lost, still.undecodable = seen.file, None, 0, 0, 0
        still.asked_s = wall_s

    def add(self, other: "TrackViewing") -> None:
        """Takes what was seen of another track, which has ended too."""
        self.decoded += other.decoded
        self.undecodable += other.undecodable
        self.decoder_errors += other.decoder_errors
        self.frozen_s = round(self.frozen_s + other.frozen_s, 6)
        room = max(0, MAX_FREEZES - len(self.freezes))
        self.freezes += other.freezes[:room]
        self.freezes_left_out += other.freezes_left_out + len(other.freezes[room:])

    def end(self) -> None:
        """The track is off, or the film ends."""
        if self.still is not None:
            self._note(self.still, self.still.asked_s, None, None)
        self.still = None

    def _begin(self, wall_s: float, on_since_s: float, seen: Seen) -> _Still:
        return _Still(
            file=seen.file,
            since_s=wall_s,
            on_since_s=on_since_s,
            asked_s=wall_s,
            shown_s=seen.shown_s,
            taken=seen.taken,
            lost=seen.counts.lost,
            undecodable=seen.counts.undecodable,
        )

    def _count(self, seen: Seen) -> None:
        if self.still is not None and self.still.file != seen.file:
            self.counted = PictureCounts()
        self.decoded += max(0, seen.counts.decoded - self.counted.decoded)
        self.undecodable += max(0, seen.counts.undecodable - self.counted.undecodable)
        self.decoder_errors += max(0, seen.counts.decoder_errors - self.counted.decoder_errors)
        self.counted = seen.counts.model_copy()

    def _note(self, still: _Still, end_s: float, taken: int | None, counts: PictureCounts | None) -> None:
        length_s = end_s - still.since_s
        if length_s <= FREEZE_S:
            return
        counts = counts or self.counted
        came = (taken if taken is not None else still.taken) - still.taken
        reason: FreezeReason = "nothing_arrived"
        if counts.lost > still.lost:
            reason = "loss"
        elif counts.undecodable > still.undecodable or came > 0:
            reason = "keyframe_awaited"
        if reason == "nothing_arrived" and self.source is Source.SCREEN:
            return
        self.frozen_s = round(self.frozen_s + length_s, 6)
        if len(self.freezes) < MAX_FREEZES:
            self.freezes.append(Freeze(wall_s=still.since_s, length_s=round(length_s, 3), reason=reason))
        else:
            self.freezes_left_out += 1


class Viewing:
    """Of all video tracks of a film. It grows with the participants, not with how often they come and go."""

    def __init__(self) -> None:
        self._tracks: dict[TrackKey, TrackViewing] = {}
        """Of those who are there."""
        self._gone: dict[tuple[str, Source], TrackViewing] = {}
        """By participant."""
        self._listed = 0

    @property
    def tracks(self) -> list[TrackViewing]:
        """What was seen of each, as if the film ended now."""
        found = [track.model_copy(deep=True) for track in self._all]
        for track in found:
            track.end()
        return found

    @property
    def _all(self) -> list[TrackViewing]:
        return [*self._gone.values(), *self._tracks.values()]

    def see(self, key: TrackKey, source: Source, peer: Peer, wall_s: float, on_since_s: float, seen: Seen) -> None:
        """The film shows a track of ``peer`` at ``wall_s``, which never goes back."""
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = TrackViewing(
                feed=key.feed,
                mindex=key.mindex,
                source=source,
                peer_id=peer.peer_id,
                participant_id=peer.participant_id,
            )
        listed = len(track.freezes)
        track.see(wall_s, on_since_s, seen)
        if len(track.freezes) > listed:
            self._listed += 1
            if self._listed > MAX_LISTED:
                track.freezes.pop()
                track.freezes_left_out += 1

    def forget_all_but(self, present: Collection[str]) -> None:
        """Nothing more is seen of peers who are not ``present``."""
        for key in [key for key, track in self._tracks.items() if track.peer_id not in present]:
            track = self._tracks.pop(key)
            track.end()
            name = (track.participant_id, track.source)
            if name in self._gone:
                self._gone[name].add(track)
            else:
                track.gone = True
                self._gone[name] = track
        self._listed = sum(len(track.freezes) for track in self._all)

    def state(self) -> list[dict[str, Any]]:
        """JSON-able."""
        return [track.model_dump(mode="json") for track in self._all]

    def restore(self, state: Any) -> None:  # noqa: ANN401 - what was read from a checkpoint
        """Goes on where another viewing of the same film was. Raises CheckpointError."""
        try:
            tracks = [TrackViewing.model_validate(track) for track in state]
        except (TypeError, ValidationError) as error:
            raise CheckpointError("the checkpoint of what was seen is malformed") from error
        self._listed = sum(len(track.freezes) for track in tracks)
        self._gone = {(track.participant_id, track.source): track for track in tracks if track.gone}
        self._tracks = {
            TrackKey(track.feed, MediaKind.VIDEO, track.mindex): track for track in tracks if not track.gone
        }
