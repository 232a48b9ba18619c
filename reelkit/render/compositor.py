"""Makes the frames of a film from scenes: painted, cross-faded where they change, with the watermark on top."""

import operator
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from reelkit.render.colour import MATRIX_TAG, PRIMARIES_TAG, RANGE_TAG, TRANSFER_TAG
from reelkit.render.planes import Plane, Planes
from reelkit.render.scene import Scene
from reelkit.render.stage import FrameOf, Stage
from reelkit.render.transition import arrangement
from reelkit.render.watermark import Watermark

_OPAQUE = 256
"""Opacities become 0 … 256, so that a blend is two products and a shift."""
_STRIP_ROWS = 64
"""Pictures are mixed so many rows at a time, which stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A scene that gives way to the next: ``covered`` (0 … 1) tells how far."""

    scene: Scene
    frame_of: FrameOf
    covered: float


class Compositor:
    """Frames of ``width_px`` x ``height_px``, both even.

    The watermark is laid over the frames that are handed out and never touches a canvas, where it would grow denser
    with every frame. ``capture_dir`` is where the pictures of people without a camera are found.
    """

    def __init__(
        self, width_px: int, height_px: int, watermark: Watermark | None = None, capture_dir: Path | None = None
    ) -> None:
        self._width, self._height = width_px, height_px
        self._watermark = watermark
        self._capture_dir = capture_dir
        self._scenes: list[Scene] = []
        self._stages: list[tuple[Hashable, Stage]] = []
        """Of each scene, with its arrangement."""
        self._weights: list[int] = []
        self._frame: av.VideoFrame | None = None

    def compose(self, scene: Scene, frame_of: FrameOf, outgoing: Sequence[Outgoing] = ()) -> av.VideoFrame:
        """A tagged yuv420p frame of ``scene``, under which those of ``outgoing``, the oldest first, still show.

        It is the very object that the last call gave if no pixel changed, and a new one, which is never written to
        again, otherwise.
        """
        stages = self._cast([*(each.scene for each in outgoing), scene])
        changed = False
        for each, stage in zip(outgoing, stages, strict=False):
            changed |= stage.show(each.scene, each.frame_of)
        changed |= stages[-1].show(scene, frame_of)
        weights = [round(each.covered * _OPAQUE) for each in outgoing]
        if changed or weights != self._weights or self._frame is None:
            self._weights = weights
            self._frame = self._hand_out(stages)
        return self._frame

    def _cast(self, scenes: Sequence[Scene]) -> list[Stage]:
        """A stage for each scene: the one that shows its arrangement already, or else one that is not needed."""
        if len(scenes) == len(self._scenes) and all(map(operator.is_, scenes, self._scenes)):
            return [stage for _, stage in self._stages]
        self._scenes = list(scenes)
        free, cast = list(self._stages), []
        for scene in scenes:
            key = arrangement(scene)
            known = next((entry for entry in free if entry[0] == key), None)
            if known is not None:
                free.remove(known)
            cast.append((key, None if known is None else known[1]))
        self._stages = [
            (key, stage or (free.pop()[1] if free else Stage(self._width, self._height, self._capture_dir)))
            for key, stage in cast
        ]
        return [stage for _, stage in self._stages]

    def _hand_out(self, stages: Sequence[Stage]) -> av.VideoFrame:
        frame = av.VideoFrame(self._width, self._height, "yuv420p")
        pixels = Planes.of(frame)
        pixels.copy_from(stages[0].pixels)
        for weight, stage in zip(self._weights, stages[1:], strict=True):
            _mix(pixels, stage.pixels, weight)
        if self._watermark is not None:
            self._watermark.lay_on(pixels)
        frame.colorspace, frame.color_range = MATRIX_TAG, RANGE_TAG
        frame.color_primaries, frame.color_trc = PRIMARIES_TAG, TRANSFER_TAG
        return frame


def _mix(below: Planes, above: Planes, weight: int) -> None:
    """Lays a picture over another of the same size; ``weight`` is its opacity, 0 … 256."""
    for under, over in zip((below.y, below.u, below.v), (above.y, above.u, above.v), strict=True):
        for top in range(0, under.shape[0], _STRIP_ROWS):
            _mix_rows(under[top : top + _STRIP_ROWS], over[top : top + _STRIP_ROWS], weight)


def _mix_rows(under: Plane, over: Plane, weight: int) -> None:
    mixed = under * np.uint16(_OPAQUE - weight)
    mixed += over * np.uint16(weight)
    mixed += np.uint16(_OPAQUE // 2)
    mixed >>= np.uint16(8)
    under[:] = mixed
