"""The directory in which a film is made: its segments, checkpoints and manifest."""

from pathlib import Path

import structlog

from reelkit.render.checkpoint import Checkpoint
from reelkit.render.config import RenderConfig
from reelkit.render.errors import CheckpointError
from reelkit.render.manifest import Manifest, Segment
from reelkit.render.segment import segment_suffix

log = structlog.get_logger(__name__)

_SEGMENTS = "segments"
_KEPT_CHECKPOINTS = 2
"""The last one, and the one before it in case a power cut took the last segment."""


class JobDir:
    """``segments/000000.mp4`` (or ``.mkv``) with ``000000.json`` beside it, and ``manifest.jsonl``."""

    def __init__(self, path: Path, config: RenderConfig) -> None:
        self.path = path
        self._config = config
        self._manifest = Manifest(path / "manifest.jsonl")

    def resume(self, *, anew: bool = True) -> tuple[list[Segment], Checkpoint | None]:
        """What an earlier renderer left: the committed segments and how to go on behind them, if there are any.

        Everything else is removed. Segments whose file is damaged or that nothing leads on from are given up, back to
        the last good one; all of them only with ``anew``, which says that the film can be begun again. Raises
        CheckpointError if the directory belongs to another film or none of its segments can be continued, OSError.
        """
        (self.path / _SEGMENTS).mkdir(parents=True, exist_ok=True)
        committed = self._manifest.read()
        segments = list(committed)
        checkpoint = None
        while segments and checkpoint is None:
            checkpoint = self._checkpoint_behind(segments[-1])
            if checkpoint is None:
                segments.pop()
        if len(committed) >= _KEPT_CHECKPOINTS and not segments and not anew:
            raise CheckpointError("no segment can be continued, and the capture was given back", job=self.path)
        if len(segments) < len(committed):
            log.warning("gave up damaged segments", job=str(self.path), given_up=len(committed) - len(segments))
            self._manifest.rewrite(segments)
        self._remove_rest(len(segments))
        return segments, checkpoint

    def segment_path(self, index: int) -> Path:
        """Where the file of a segment belongs."""
        return self.path / _SEGMENTS / f"{index:06d}{segment_suffix(self._config)}"

    def commit(self, segment: Segment, checkpoint: Checkpoint) -> None:
        """Makes a segment, whose file is in its place, part of the film. Raises OSError."""
        checkpoint.write(self._checkpoint_path(segment.index))
        self._manifest.append(segment)
        self._checkpoint_path(segment.index - _KEPT_CHECKPOINTS).unlink(missing_ok=True)

    def relative(self, path: Path) -> str:
        """A path as the manifest names it."""
        return str(path.relative_to(self.path))

    def _checkpoint_path(self, index: int) -> Path:
        return self.path / _SEGMENTS / f"{index:06d}.json"

    def _checkpoint_behind(self, segment: Segment) -> Checkpoint | None:
        file = self.path / segment.file
        path = self._checkpoint_path(segment.index)
        if not file.is_file() or file.stat().st_size != segment.size_bytes or not path.is_file():
            return None
        try:
            return Checkpoint.read(path, self._config)
        except CheckpointError as error:
            if path.stat().st_size:
                raise
            log.warning("a checkpoint is empty", reason=str(error))
            return None

    def _remove_rest(self, count: int) -> None:
        known = {f"{index:06d}" for index in range(count)}
        for path in (self.path / _SEGMENTS).iterdir():
            if path.suffix == ".part" or path.stem not in known:
                path.unlink()
