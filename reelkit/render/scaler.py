"""Brings a decoded picture into a tile: crops or fits, scales, and converts colours that are not the film's."""

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from reelkit.render.colour import Rgb
from reelkit.render.layout import Rect
from reelkit.render.planes import Planes

MAX_CROP = 0.3
"""A camera fills its tile when no more than this part of its picture is cut off: 4:3 in a 16:9 tile loses a quarter. A
portrait or square picture is shown whole, between bars."""
_MAX_UNSCALED_CROP = 0.06
"""Up to this loss a picture a little larger than its tile is cut instead of scaled, which costs nothing and is sharper:
640 x 360 in the 628 x 348 tiles of a 2 x 2 grid."""
_SMALLER = Interpolation.AREA | Interpolation.BITEXACT
_LARGER = Interpolation.BICUBIC | Interpolation.BITEXACT
"""Bit-exact, so that the picture does not depend on the processor."""

_FORMAT = "yuv420p"
_BT709_TAG = 1
"""ITU-T H.273 code of the matrix, as decoders report it."""


class Scaler:
    """Scales the pictures of one tile. It keeps swscale's tables while sizes stay the same."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def paint(self, frame: av.VideoFrame, target: Planes, *, may_crop: bool, bars: Rgb) -> None:
        """Overwrites all of ``target`` with ``frame``, centred; ``bars`` is the colour of what it leaves free."""
        width, height = target.width, target.height
        if may_crop and _loss(frame, width, height) <= MAX_CROP:
            target.copy_from(_centre(self._covering(frame, width, height), width, height))
            return
        scale = min(width / frame.width, height / frame.height)
        fitted_width = max(2, min(width, 2 * round(frame.width * scale / 2)))
        fitted_height = max(2, min(height, 2 * round(frame.height * scale / 2)))
        left, top = (width - fitted_width) // 4 * 2, (height - fitted_height) // 4 * 2
        for bar in (
            Rect(0, 0, width, top),
            Rect(0, top + fitted_height, width, height - top - fitted_height),
            Rect(0, top, left, fitted_height),
            Rect(left + fitted_width, top, width - left - fitted_width, fitted_height),
        ):
            if bar.width and bar.height:
                target.part(bar).fill(bars)
        picture = Planes.of(self._scaled(frame, fitted_width, fitted_height))
        target.part(Rect(left, top, fitted_width, fitted_height)).copy_from(picture)

    def _covering(self, frame: av.VideoFrame, width: int, height: int) -> Planes:
        """The picture, no smaller than width x height and with as little as possible beyond."""
        fits = frame.width >= width and frame.height >= height
        if fits and 1 - width * height / (frame.width * frame.height) <= _MAX_UNSCALED_CROP:
            return Planes.of(self._scaled(frame, frame.width, frame.height))
        scale = max(width / frame.width, height / frame.height)
        scaled_width = max(width, 2 * round(frame.width * scale / 2))
        scaled_height = max(height, 2 * round(frame.height * scale / 2))
        return Planes.of(self._scaled(frame, scaled_width, scaled_height))

    def _scaled(self, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        same_size = frame.width == width and frame.height == height
        full_range = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        bt709 = frame.colorspace == _BT709_TAG
        if same_size and frame.format.name == _FORMAT and not full_range and not bt709:
            return frame
        return self._reformatter.reformat(
            frame,
            width,
            height,
            _FORMAT,
            src_colorspace=Colorspace.ITU709 if bt709 else Colorspace.ITU601,
            dst_colorspace=Colorspace.ITU601,
            src_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_LARGER if width > frame.width else _SMALLER,
            threads=1,
        )


def _loss(frame: av.VideoFrame, width: int, height: int) -> float:
    """The part of the picture that is cut off when it fills width x height."""
    scale = max(width / frame.width, height / frame.height)
    return 1 - width * height / (frame.width * frame.height * scale * scale)


def _centre(picture: Planes, width: int, height: int) -> Planes:
    left, top = (picture.width - width) // 4 * 2, (picture.height - height) // 4 * 2
    return picture.part(Rect(left, top, width, height))
