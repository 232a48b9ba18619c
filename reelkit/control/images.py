"""Images from strangers: decoded within limits, or refused with a reason."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# 64 MB once decoded; a photograph of 16 megapixels is as much as anybody needs in a corner or a circle.
_MAX_PIXELS = 1 << 24
# Each scan of a progressive JPEG costs a pass over the whole picture, and may be 33 bytes long. Encoders make about 10.
_MAX_SCANS = 100
_SCAN = b"\xff\xda"
# What Pillow's decoders raise for damaged files.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, struct.error, zlib.error)
_SVG_SIGNS = (b"<svg", b"<?xml", b"<!DOCTYPE svg")


class UnusableImage(Exception):
    """The content is no image that can be shown. The message goes on after "the picture", for callers to read."""


def decoded(content: bytes) -> Image.Image:
    """An image file as upright RGBA; of an animation the first frame. Blocks. Raises UnusableImage."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise UnusableImage(f"has more than {_MAX_PIXELS} pixels")
            if image.format in ("JPEG", "MPO") and content.count(_SCAN) > _MAX_SCANS:
                raise UnusableImage(f"has more than {_MAX_SCANS} scans")
            image.load()
            return _rgba(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_SVG_SIGNS):
            raise UnusableImage("is SVG, which is not supported: use PNG, JPEG, WebP or GIF") from error
        raise UnusableImage("is no PNG, JPEG, WebP or GIF image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableImage(f"has more than {_MAX_PIXELS} pixels") from error
    except _DAMAGED as error:
        raise UnusableImage("is damaged") from error


def png(image: Image.Image) -> bytes:
    """The image as a file, without anything that came with it. Blocks."""
    file = io.BytesIO()
    Image.fromarray(np.asarray(image)).save(file, "PNG")
    return file.getvalue()


def _rgba(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Grey with 16 bits, which Pillow clips rather than scales.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGBA")
