"""The pictures of one video track on the wall clock."""

from collections.abc import Mapping
from typing import Any, Self

import av
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.capture.capture_time import WINDOW_S
from reelkit.capture.catalog import Catalog, PacketFile, TrackKey
from reelkit.capture.errors import CheckpointError as CaptureCheckpointError
from reelkit.capture.errors import UnsupportedCodec
from reelkit.capture.events import MediaKind
from reelkit.capture.stream import REORDER_S, State
from reelkit.capture.unit_reader import first_byte
from reelkit.render.errors import CheckpointError, MediaError
from reelkit.render.file_pictures import EARLY_S, FilePictures, Position
from reelkit.render.viewing import NOTHING_SEEN, Seen

log = structlog.get_logger(__name__)

SETTLED_S = WINDOW_S + REORDER_S + 0.1
"""What was captured so long before the horizon has been read: a packet that is sent again arrives within REORDER_S, its
capture time is final WINDOW_S after that, and the network takes some time."""
_CAPTURE_JITTER_S = 0.05
"""Capture times may go back by some milliseconds from unit to unit."""


class _Checkpoint(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    feed: str
    mindex: int
    codec: str
    extmap: dict[str, int]
    position: Position


class VideoSource:
    """One track's pictures. A track has one file for each stretch in which the SFU recorded; pictures of an earlier
    file are gone as soon as there is a later one. ``codec`` and ``extmap`` are those of ProducerOpened.
    """

    def __init__(self, key: TrackKey, catalog: Catalog, codec: str, extmap: Mapping[str, int]) -> None:
        self.key = key
        self._catalog = catalog
        self._codec = codec
        self._extmap = dict(extmap)
        self._horizon_s = float("-inf")
        self._file: PacketFile | None = None
        self._pictures: FilePictures | None = None

    def read(self, horizon_s: float) -> None:
        """Reads what was added to the file. All packets that arrived before ``horizon_s`` are promised to be there."""
        self._horizon_s = horizon_s
        if self._pictures is not None:
            self._pictures.cursor.read(horizon_s)

    def ready_until_s(self, wall_s: float) -> float:
        """Up to which instant, looked at from ``wall_s``, what was read decides about the picture; :meth:`frame_at` is
        not asked for an earlier instant afterwards."""
        self._enter(wall_s)
        settled_s = self._horizon_s - SETTLED_S - EARLY_S
        if self._pictures is None:
            return settled_s
        self._pictures.prepare(wall_s)
        return max(settled_s, self._pictures.cursor.held_until_s - _CAPTURE_JITTER_S)

    @property
    def is_stuck(self) -> bool:
        """Whether no picture will follow what was read before the sender makes a keyframe."""
        if self._pictures is None or self._pictures.file is not self._file:
            return False
        return self._file == self._catalog.files(self.key)[-1] and self._pictures.is_stuck

    def frame_at(self, wall_s: float, since_s: float) -> av.VideoFrame | None:
        """The picture nearest to ``wall_s`` of a camera that is on since ``since_s``; None while it has none.

        ``wall_s`` never goes back. An unchanged picture is the same object as before.
        """
        self._enter(wall_s)
        return None if self._pictures is None else self._pictures.frame_at(wall_s, since_s)

    def keep_up(self, wall_s: float) -> None:
        """Goes to ``wall_s`` without showing anything, so that little is left to be done when the track is shown."""
        self._enter(wall_s)
        if self._pictures is not None:
            self._pictures.prepare(wall_s)

    def held(self, since_s: float) -> av.VideoFrame | None:
        """What the last :meth:`frame_at` gave of a camera that was on since ``since_s``."""
        return None if self._pictures is None else self._pictures.held(since_s)

    def seen(self, since_s: float) -> Seen:
        """What the last :meth:`frame_at` gave of a camera that is on since ``since_s``."""
        return NOTHING_SEEN if self._pictures is None else self._pictures.seen(since_s)

    def checkpoint(self) -> dict[str, Any] | None:
        """JSON-able; None while there is nothing to remember."""
        if self._pictures is None:
            return None
        checkpoint = _Checkpoint(
            feed=self.key.feed,
            mindex=self.key.mindex,
            codec=self._codec,
            extmap=self._extmap,
            position=self._pictures.position(),
        )
        return checkpoint.model_dump(mode="json")

    @classmethod
    def restored(cls, catalog: Catalog, horizon_s: float, state: dict[str, Any]) -> Self:
        """The source that made the checkpoint ``state``, with the picture that it showed.

        Raises CheckpointError if the capture does not have what the checkpoint tells of.
        """
        try:
            checkpoint = _Checkpoint.model_validate(state)
        except ValidationError as error:
            raise CheckpointError("the checkpoint of a video track is malformed") from error
        key = TrackKey(checkpoint.feed, MediaKind.VIDEO, checkpoint.mindex)
        source = cls(key, catalog, checkpoint.codec, checkpoint.extmap)
        source._horizon_s = horizon_s
        position = checkpoint.position
        file = next((file for file in catalog.files(key) if file.path.name == position.file), None)
        if file is None:
            raise CheckpointError("a packet file of the checkpoint is missing", file=position.file)
        try:
            pictures = source._open(file, position.keyframe)
        except CaptureCheckpointError as error:
            raise CheckpointError("a checkpoint does not fit its packet file", file=position.file) from error
        if pictures is None:
            raise CheckpointError("the track of a checkpoint cannot be decoded here", file=position.file)
        pictures.replay(position)
        return source

    def _enter(self, wall_s: float) -> None:
        """Goes to the newest file that had been opened at ``wall_s``, or shortly after if there is none yet."""
        newest = self._file
        for file in self._catalog.files(self.key):
            if newest is not None and file.created_s < newest.created_s:
                continue  # time of keep_up lies behind that of frame_at
            if file.created_s <= wall_s or (newest is None and file.created_s <= wall_s + EARLY_S):
                newest = file
        if newest is not None and newest is not self._file:
            self._open(newest)

    def _open(self, file: PacketFile, keyframe: State | None = None) -> FilePictures | None:
        self._file, self._pictures = file, None
        try:
            self._pictures = FilePictures(file, self._codec, self._extmap, keyframe)
        except (MediaError, UnsupportedCodec) as error:
            log.warning("left out a video track that cannot be decoded", path=str(file.path), reason=str(error))
            return None
        self._pictures.cursor.read(self._horizon_s)
        return self._pictures


def first_byte_of(state: Mapping[str, Any]) -> tuple[str, int]:
    """The packet file to which a checkpoint of a source leads back, and the offset from which on it is read again.

    Raises CheckpointError.
    """
    try:
        position = _Checkpoint.model_validate(state).position
        return position.file, 0 if position.keyframe is None else first_byte(position.keyframe)
    except (ValidationError, CaptureCheckpointError) as error:
        raise CheckpointError("the checkpoint of a video track is malformed") from error
