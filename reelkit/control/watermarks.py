"""The image of ``video_config.watermark``: fetched and made ready before anything is recorded."""

import asyncio
import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import structlog
from PIL import Image, ImageOps, UnidentifiedImageError

from reelkit.control.errors import Invalid
from reelkit.control.recording_params import Watermark, WatermarkSize
from reelkit.egress.errors import EgressError
from reelkit.egress.fetch import Fetcher
from reelkit.render.config import VideoSpec, WatermarkSpec
from reelkit.settings import RecordingSettings

log = structlog.get_logger(__name__)

URL_FIELD = "video_config.watermark.url"
WATERMARK_FILE = "watermark.png"
"""In the job's directory."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# 64 MB once decoded; a photograph of 16 megapixels is as much as anybody puts into a corner.
_MAX_PIXELS = 1 << 24
# Decoding takes memory and a processor: these at a time.
_AT_ONCE = 2
# Neither width nor height given: the natural size, but at most this part of the film's width and height.
_NATURAL_PART = 4
# What Pillow's decoders raise for damaged files.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, struct.error, zlib.error)
_SVG_SIGNS = (b"<svg", b"<?xml", b"<!DOCTYPE svg")


@dataclass(frozen=True, slots=True)
class PreparedWatermark:
    """An image as it will be seen."""

    png: bytes
    spec: WatermarkSpec


class Watermarks:
    """Gets the images that start calls name."""

    def __init__(self, fetcher: Fetcher, settings: RecordingSettings) -> None:
        self._fetcher = fetcher
        self._settings = settings
        self._decoding = asyncio.Semaphore(_AT_ONCE)

    async def prepare(self, wanted: Watermark, video: VideoSpec) -> PreparedWatermark:
        """Fetches an image and scales it for a film.

        Raises Invalid, naming the URL's field, if the URL may not be fetched, its host fails, or what comes is no image
        that can be shown.
        """
        if wanted.url is None:
            raise _refusal("a watermark needs the URL of its image")
        try:
            content = await self._fetcher.fetch(
                wanted.url,
                max_bytes=self._settings.watermark_max_bytes,
                timeout_s=self._settings.watermark_timeout_s,
            )
        except EgressError as error:
            log.info("a watermark could not be fetched", reason=str(error), fault=error.fault)
            raise _refusal(f"the watermark could not be fetched: {error.message}") from error
        async with self._decoding:
            png = await asyncio.to_thread(
                prepared_png, content, wanted.size or WatermarkSize(), video.width_px, video.height_px
            )
        return PreparedWatermark(png, WatermarkSpec(file=WATERMARK_FILE, position=wanted.position or "left top"))


def prepared_png(content: bytes, size: WatermarkSize, film_width_px: int, film_height_px: int) -> bytes:
    """An image file as RGBA PNG in the size that it is shown in. Blocks. Raises Invalid."""
    image = _decoded(content)
    image = image.resize(shown_size(image.size, size, (film_width_px, film_height_px)), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def shown_size(natural: tuple[int, int], wanted: WatermarkSize, film: tuple[int, int]) -> tuple[int, int]:
    """Width and height in pixels of an image on a film.

    One side wanted: the other keeps the aspect. None: the natural size within a quarter of the film's sides. Whatever
    is larger than the film is reduced to it with its aspect.
    """
    width, height = natural
    match wanted.width, wanted.height:
        case None, None:
            return _within(width, height, film[0] // _NATURAL_PART, film[1] // _NATURAL_PART)
        case None, int(wanted_height):
            width, height = _scaled(width, wanted_height, height), wanted_height
        case int(wanted_width), None:
            width, height = wanted_width, _scaled(height, wanted_width, width)
        case int(wanted_width), int(wanted_height):
            width, height = wanted_width, wanted_height
    return _within(width, height, *film)


def _within(width: int, height: int, width_max: int, height_max: int) -> tuple[int, int]:
    if width <= width_max and height <= height_max:
        return width, height
    if width * height_max > height * width_max:
        return max(1, width_max), _scaled(height, width_max, width)
    return _scaled(width, height_max, height), max(1, height_max)


def _scaled(length: int, numerator: int, denominator: int) -> int:
    # Whole numbers throughout: callers may write numbers that no float holds.
    return max(1, (length * numerator + denominator // 2) // denominator)


def _decoded(content: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise _refusal(f"the watermark has more than {_MAX_PIXELS} pixels")
            image.load()
            return _rgba(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_SVG_SIGNS):
            raise _refusal("the watermark is SVG, which is not supported: use PNG, JPEG, WebP or GIF") from error
        raise _refusal("the watermark is no PNG, JPEG, WebP or GIF image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refusal(f"the watermark has more than {_MAX_PIXELS} pixels") from error
    except _DAMAGED as error:
        raise _refusal("the watermark's image is damaged") from error


def _rgba(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Grey with 16 bits, which Pillow clips rather than scales.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGBA")


def _refusal(reason: str) -> Invalid:
    return Invalid(f"{URL_FIELD}: {reason}", field=URL_FIELD)
