"""The image of ``video_config.watermark``: fetched and made ready before anything is recorded."""

import asyncio
from pathlib import Path

import structlog
from PIL import Image

from reelkit.control.errors import Invalid
from reelkit.control.images import UnusableImage, decoded, png
from reelkit.control.media_plan import MediaPlan
from reelkit.control.recording_params import Watermark, WatermarkSize
from reelkit.durable import sync_directory, write_durably
from reelkit.egress.errors import EgressError, FetchFailed
from reelkit.egress.fetch import Fetcher
from reelkit.render.config import WatermarkSpec
from reelkit.settings import RecordingSettings

log = structlog.get_logger(__name__)

URL_FIELD = "video_config.watermark.url"
WATERMARK_FILE = "watermark.png"
"""In the job's directory."""

# Decoding takes memory and a processor: these at a time.
_AT_ONCE = 2
# Neither width nor height given: the natural size, but at most this part of the film's width and height.
_NATURAL_PART = 4


class Watermarks:
    """Gets the images that callers name."""

    def __init__(self, fetcher: Fetcher, settings: RecordingSettings) -> None:
        self._fetcher = fetcher
        self._settings = settings
        self._decoding = asyncio.Semaphore(_AT_ONCE)

    async def applied(self, media: MediaPlan, *, lenient: bool = False) -> MediaPlan:
        """The plan with the image of its watermark, if it asks for one, scaled for its film.

        Without one whose host is only out of order or slow the plan goes on and notes it; ``lenient`` does so for all
        that is wrong. Otherwise raises Invalid, naming the URL's field, for what will not get better: a URL that may
        not be fetched, an answer that there is no such thing, and what is no image that can be shown.
        """
        if media.watermark is None:
            return media
        try:
            content = await self._fetched(media.watermark)
            async with self._decoding:
                image = await asyncio.to_thread(
                    prepared_png,
                    content,
                    media.watermark.size or WatermarkSize(),
                    media.video.width_px,
                    media.video.height_px,
                )
        except FetchFailed as error:
            problem = f"{URL_FIELD}: the watermark could not be fetched: {error.message}"
        except Invalid as error:
            if not lenient:
                raise
            problem = error.message
        else:
            spec = WatermarkSpec(file=WATERMARK_FILE, position=media.watermark.position or "left top")
            return media.with_watermark(spec, image)
        log.warning("a film will be without its watermark", reason=problem)
        return media.with_note(f"{problem}; the film has no watermark")

    async def _fetched(self, wanted: Watermark) -> bytes:
        """Raises FetchFailed where another try may help, Invalid where none can."""
        if wanted.url is None:
            raise _refusal("a watermark needs the URL of its image")
        try:
            return await self._fetcher.fetch(
                wanted.url,
                max_bytes=self._settings.watermark_max_bytes,
                timeout_s=self._settings.watermark_timeout_s,
            )
        except EgressError as error:
            if error.retry:
                raise
            log.info("a watermark could not be fetched", reason=str(error), fault=error.fault)
            raise _refusal(f"the watermark could not be fetched: {error.message}") from error


def store_watermark(job_dir: Path, png: bytes) -> None:
    """Puts the image where the job will look for it, durably. Blocks. Raises OSError."""
    job_dir.mkdir(parents=True, exist_ok=True)
    write_durably(job_dir / WATERMARK_FILE, png)
    sync_directory(job_dir.parent)


def prepared_png(content: bytes, size: WatermarkSize, film_width_px: int, film_height_px: int) -> bytes:
    """An image file as RGBA PNG in the size that it is shown in. Blocks. Raises Invalid."""
    try:
        image = decoded(content)
    except UnusableImage as error:
        raise _refusal(f"the watermark {error}") from error
    image = image.resize(shown_size(image.size, size, (film_width_px, film_height_px)), Image.Resampling.LANCZOS)
    return png(image)


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


def _refusal(reason: str) -> Invalid:
    return Invalid(f"{URL_FIELD}: {reason}", field=URL_FIELD)
