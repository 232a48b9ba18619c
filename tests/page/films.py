"""What is seen and heard in films of pages."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from testbed.checker.film import sound

Picture = NDArray[np.int16]
Colour = tuple[int, int, int]

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
PALETTE: tuple[Colour, ...] = (RED, GREEN, BLUE, YELLOW, (255, 0, 255), (0, 255, 255))
FPS = 30
_CORNER_PX = 40
PAGE = f"""<body style='margin:0;background:#f00;overflow:hidden'>
<div style='position:fixed;left:0;top:0;width:{_CORNER_PX}px;height:{_CORNER_PX}px;background:#00f'></div>"""
"""Red with a blue corner."""
_NEAR = 60
"""Of a value, after coding at the edges of what moves."""
_EDGE_PX = 4


def pictures(path: Path) -> Iterator[Picture]:
    """Of shape (height, width, 3): red, green, blue."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24").astype(np.int16)


def is_near(colour: NDArray[np.int16], wanted: Colour) -> bool:
    """Whether a pixel, or each of an area, has a colour."""
    return bool((np.abs(colour - np.array(wanted, np.int16)) < _NEAR).all())


def named(colour: NDArray[np.int16]) -> int | None:
    """Which one of the palette it is."""
    return next((index for index, wanted in enumerate(PALETTE) if is_near(colour, wanted)), None)


def shows_only_the_page(picture: Picture) -> bool:
    """Whether nothing covers any part of PAGE."""
    inside, outside = _CORNER_PX - _EDGE_PX, _CORNER_PX + _EDGE_PX
    return (
        is_near(picture[:inside, :inside], BLUE)
        and is_near(picture[outside:], RED)
        and is_near(picture[:, outside:], RED)
    )


def tones_hz(path: Path, step_s: float) -> list[int]:
    """The loudest frequency towards the end of each step of the film's sound; 0 for silence.

    What a page changes is heard some hundredths of a second after it is seen.
    """
    heard = sound(path)
    found = []
    step = round(step_s * heard.rate_hz)
    # Of the last step a codec may have swallowed the end.
    for start in range(0, len(heard.mono) - step // 2, step):
        piece = heard.mono[start + step * 2 // 5 : start + step * 9 // 10]
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece))))
        loud = np.sqrt(np.mean(piece**2)) > 1e-3
        found.append(round(float(np.argmax(spectrum)) * heard.rate_hz / len(piece)) if loud else 0)
    return found


def assert_shows_only_the_page(path: Path, length_s: float) -> None:
    """That nothing ever covers PAGE in a film of a page with that, which is so long."""
    seen = [shows_only_the_page(picture) for picture in pictures(path)]
    assert len(seen) == pytest.approx(length_s * FPS, abs=1)
    assert all(seen), (
        f"{seen.count(False)} of {len(seen)} pictures show something else, first number {seen.index(False)}"
    )
