"""The pictures of one packet file on the wall clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import av
import structlog
from pydantic import BaseModel, ConfigDict

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.catalog import PacketFile
from reelkit.capture.stream import State
from reelkit.render.errors import CheckpointError
from reelkit.render.unit_cursor import UnitCursor
from reelkit.render.video_decoder import VideoDecoder, upright
from reelkit.render.viewing import PictureCounts, Seen

log = structlog.get_logger(__name__)

EARLY_S = 0.4
"""The first picture of a camera may be shown so long before it was captured, instead of an avatar for a moment."""
NEAREST_S = 0.1
"""Otherwise the next picture is shown early when it is nearer than the last one and no further ahead than this: half
the distance of two pictures at 5 per second."""
HOLD_S = 12.0
"""How long a picture stays while what follows cannot be decoded: a little more than the distance of the keyframes that
are asked for while recording. Without packets it stays, as a still screen sends next to nothing."""


class Position(BaseModel):
    """A checkpoint: how to decode again up to where one was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    keyframe: State | None
    """Leads back to the keyframe with which the shown picture begins; None if nothing was decoded."""
    decoded: int
    """Index of the last unit that was decoded; -1 if none was."""
    next: int
    """Index of the next unit."""
    broken: bool
    taken_s: float
    counts: PictureCounts = PictureCounts()


@dataclass(eq=False)
class _Shown:
    """A decoded picture."""

    decoded: av.VideoFrame
    rotation_deg: int
    capture_s: float

    @cached_property
    def frame(self) -> av.VideoFrame:
        return upright(self.decoded, self.rotation_deg)


class FilePictures:
    """Walks through the pictures of a file, decoding only what is needed: when time jumps ahead, decoding goes on at
    the last keyframe before the instant.

    Raises MediaError, UnsupportedCodec, and reelkit.capture's CheckpointError if ``keyframe`` does not fit the file.
    """

    def __init__(self, file: PacketFile, codec: str, extmap: Mapping[str, int], keyframe: State | None = None) -> None:
        self.file = file
        self.cursor = UnitCursor(file.path, codec, extmap, file.created_s, keyframe)
        self._codec = codec
        self._decoder = VideoDecoder(codec)
        self._shown: _Shown | None = None
        self._keyframe: State | None = None
        self._decoded = -1
        self._broken = True
        self._failed = False
        """Whether the decoder refused a unit that ought to be sound, and decoded none since."""
        self._taken_s = 0.0
        self._counts = PictureCounts()

    @property
    def is_stuck(self) -> bool:
        """Whether no picture will follow before the sender makes a keyframe."""
        return self.cursor.is_stuck or (self._failed and not self.cursor.has_keyframe_ahead)

    def frame_at(self, wall_s: float, since_s: float) -> av.VideoFrame | None:
        """The picture nearest to ``wall_s`` among those captured since ``since_s``; None if there is none.

        ``wall_s`` never goes back. An unchanged picture is the same object as before.
        """
        self._catch_up(wall_s)
        self._look_ahead(wall_s, since_s)
        return self.held(since_s)

    def held(self, since_s: float) -> av.VideoFrame | None:
        """The picture that was decoded last, if it may be shown."""
        return self._shown.frame if self._shown is not None and self._is_current(since_s) else None

    def prepare(self, wall_s: float) -> None:
        """Does what :meth:`frame_at` would do for units before ``wall_s``, and reads on behind them."""
        self._catch_up(wall_s)
        self.cursor.read_ahead(wall_s)

    def position(self) -> Position:
        """The checkpoint."""
        return Position(
            file=self.file.path.name,
            keyframe=self._keyframe,
            decoded=self._decoded,
            next=self.cursor.next_index,
            broken=self._broken,
            taken_s=self._taken_s,
            counts=self._counts.model_copy(),
        )

    def seen(self, since_s: float) -> Seen:
        """What the last :meth:`frame_at` gave, and what was counted up to it."""
        shown_s = self._shown.capture_s if self._shown is not None and self._is_current(since_s) else None
        return Seen(self.file.path.name, shown_s, self.cursor.next_index, self._counts)

    def replay(self, position: Position) -> None:
        """Goes to ``position``, having begun at its keyframe: decodes what had been decoded, steps over the rest.

        Raises CheckpointError if the file is shorter.
        """
        while self.cursor.next_index < position.next:
            unit = self.cursor.peek(position.taken_s)
            if unit is None:
                raise CheckpointError("a packet file ends before the checkpoint", file=position.file)
            state = self.cursor.take()
            if unit.index <= position.decoded:
                self._decode(unit, state)
        self._broken, self._taken_s = position.broken, position.taken_s
        self._counts = position.counts.model_copy()

    def _catch_up(self, wall_s: float) -> None:
        """Decodes all units whose time has come, from the last keyframe among them on."""
        units: list[AccessUnit] = []
        keyframe: State | None = None
        while (unit := self.cursor.peek(wall_s)) is not None and unit.capture_s <= wall_s:
            state = self.cursor.take()
            if state is not None:
                units.clear()
                keyframe = state
            units.append(unit)
        for unit in units:
            self._decode(unit, keyframe)

    def _look_ahead(self, wall_s: float, since_s: float) -> None:
        """Decodes the units that are shown before their time."""
        while (unit := self.cursor.peek(wall_s)) is not None:
            behind_s = wall_s - self._taken_s
            allowed_s = min(NEAREST_S, behind_s) if self._is_current(since_s) else EARLY_S
            if unit.capture_s - wall_s > allowed_s:
                return
            self._decode(unit, self.cursor.take())

    def _decode(self, unit: AccessUnit, keyframe: State | None) -> None:
        """Decodes the next unit; ``keyframe`` is the state that leads back to it if it is a keyframe."""
        self._taken_s = unit.capture_s
        self._counts.lost += unit.lost_before if unit.complete else max(1, unit.lost_before)
        if not unit.decodable or (self._broken and not unit.keyframe):
            self._counts.undecodable += 1
            self._broken = True
            return
        if self._broken:
            # What a decoder remembers of damaged data must not decide about later pictures.
            self._decoder = VideoDecoder(self._codec)
        try:
            decoded = self._decoder.decode(unit.data)
        except av.FFmpegError as error:
            log.info("a video frame does not decode", path=str(self.file.path), unit=unit.index, reason=str(error))
            self._counts.decoder_errors += 1
            self._broken = self._failed = True
            return
        self._broken = self._failed = False
        self._decoded = unit.index
        if unit.keyframe:
            self._keyframe = keyframe
        if decoded is not None:
            self._counts.decoded += 1
            self._shown = _Shown(decoded, unit.rotation_deg, unit.capture_s)

    def _is_current(self, since_s: float) -> bool:
        """Whether the decoded picture may be shown."""
        shown = self._shown
        if shown is None or shown.capture_s < since_s - EARLY_S:
            return False
        return not self._broken or self._taken_s - shown.capture_s <= HOLD_S
