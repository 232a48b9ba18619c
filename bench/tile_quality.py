"""Each participant's tile in a film against the pictures that arrived from their camera."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from bench import frame_number
from bench.ssim import Luma, luma, psnr_db, ssim
from bench.webcams import CLIP_FRAMES, HEIGHT_PX, decoded, webcam_clip
from reelkit.render.layout import Rect, layout
from reelkit.render.scene import Person, Scene

COMPARED_EACH = 5
"""So often a frame is compared; all are read."""
_TAIL_S = 1.0
"""Somebody may be leaving at a film's end."""
_MARGIN_PX = 16
"""Rounded corners are not compared."""
_LABEL_SHARE = 0.2
"""Nor is the lower part, where the name is."""


@dataclass
class TileQuality:
    """One participant's tile over a film."""

    name: str
    ssim: list[float] = field(default_factory=list)
    psnr_db: list[float] = field(default_factory=list)
    shown: list[int | None] = field(default_factory=list)
    """The number of the camera's picture in each frame; None where it cannot be read."""

    @property
    def repeated(self) -> int:
        """Frames that show the same picture as the one before."""
        return sum(step == 0 for step in self._steps())

    @property
    def left_out(self) -> int:
        """Pictures of the camera that no frame shows."""
        return sum(step - 1 for step in self._steps() if step > 1)

    @property
    def unread(self) -> int:
        return self.shown.count(None)

    def _steps(self) -> Iterator[int]:
        for before, after in zip(self.shown, self.shown[1:], strict=False):
            if before is not None and after is not None:
                yield (after - before) % CLIP_FRAMES


def tiles_of(names: Sequence[str], width_px: int, height_px: int) -> list[Rect]:
    """Where participants are in a film of that size, in their order."""
    people = tuple(
        Person(peer_id=name, participant_id=name, name=name, camera=name, muted=False, speaking=False) for name in names
    )
    return [tile.rect for tile in layout(Scene(people=people), width_px, height_px)]


def tile_quality(film: Path, names: Sequence[str], skip_s: float = 1.0) -> list[TileQuality]:
    """Decodes a film of people whose cameras send the clips of :mod:`bench.webcams`, and compares.

    There are at most four, so that their pictures are shown unscaled. The first ``skip_s`` seconds and the last one
    are left out.
    """
    found = [TileQuality(name) for name in names]
    sources: list[list[Luma]] = []
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        rects = tiles_of(names, stream.width, stream.height)
        for index, rect in enumerate(rects):
            sources.append([_cut(luma(frame), rect).copy() for frame in decoded(webcam_clip(index))])
        assert stream.duration is not None
        assert stream.time_base is not None
        stop_s = float(stream.duration * stream.time_base) - _TAIL_S
        for number, frame in enumerate(container.decode(stream)):
            if not skip_s <= (frame.time or 0.0) < stop_s:
                continue
            shown = luma(frame)
            for quality, rect, source in zip(found, rects, sources, strict=True):
                tile = shown[rect.y : rect.bottom, rect.x : rect.right]
                _note(quality, tile, source, compare=number % COMPARED_EACH == 0)
    return found


def _note(quality: TileQuality, tile: Luma, source: Sequence[Luma], *, compare: bool) -> None:
    cut_px = _cut_top(tile.shape[0])
    number = frame_number.read(tile, cut_px)
    quality.shown.append(number)
    if compare and number is not None and number < len(source):
        rows = slice(_MARGIN_PX, round(tile.shape[0] * (1 - _LABEL_SHARE)))
        columns = slice(_MARGIN_PX, tile.shape[1] - _MARGIN_PX)
        original = source[number]
        quality.ssim.append(ssim(tile[rows, columns], original[rows, columns]))
        quality.psnr_db.append(psnr_db(tile[rows, columns], original[rows, columns]))


def _cut(picture: Luma, rect: Rect) -> Luma:
    """The middle of a camera's picture that fills a tile a little smaller."""
    top, left = _cut_top(rect.height), (picture.shape[1] - rect.width) // 4 * 2
    return picture[top : top + rect.height, left : left + rect.width]


def _cut_top(height: int) -> int:
    return (HEIGHT_PX - height) // 4 * 2


def mean(values: Sequence[float]) -> float:
    """NaN of none."""
    return float(np.mean(values)) if values else float("nan")
