"""Scenes and pictures for tests of what is seen."""

from functools import cache

import av
import numpy as np
from numpy.typing import NDArray

from reelkit.render.scene import Person, Scene, Share

COLOURS = (
    (200, 60, 60),
    (60, 160, 70),
    (70, 90, 210),
    (190, 150, 40),
    (160, 60, 180),
    (50, 160, 170),
    (210, 110, 50),
    (120, 160, 50),
    (210, 60, 130),
)
"""Of the pictures of the cameras ``camera-0``, ``camera-1``, …"""
SHARE_COLOUR = (30, 110, 190)
EDGE_COLOUR = (250, 250, 250)
"""Of the outermost pixels of every picture."""


def person(
    index: int, *, camera: bool = True, muted: bool = False, speaking: bool = False, name: str | None = None
) -> Person:
    return Person(
        peer_id=f"peer-{index}",
        participant_id=f"participant-{index}",
        name=name or f"Person {index}",
        camera=f"camera-{index}" if camera else None,
        muted=muted,
        speaking=speaking,
    )


def scene(people: int, *, share: bool = False, without_camera: tuple[int, ...] = ()) -> Scene:
    return Scene(
        title="Planning",
        people=tuple(
            person(index, camera=index not in without_camera, muted=index % 2 == 1) for index in range(people)
        ),
        shares=(Share("screen", "peer-0", "Person 0"),) if share else (),
    )


def frame(rgb: NDArray[np.uint8]) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")


def flat(colour: tuple[int, int, int], width_px: int = 640, height_px: int = 360, edge_px: int = 0) -> av.VideoFrame:
    """A picture of one colour with an edge of another."""
    rgb = np.full((height_px, width_px, 3), EDGE_COLOUR, np.uint8)
    rgb[edge_px : height_px - edge_px, edge_px : width_px - edge_px] = colour
    return frame(rgb)


@cache
def frame_of(producer_id: str) -> av.VideoFrame:
    """The picture of each camera of :func:`scene`, and of its shared screen."""
    if producer_id == "screen":
        return flat(SHARE_COLOUR, 1600, 900, 10)
    return flat(COLOURS[int(producer_id.removeprefix("camera-")) % len(COLOURS)])


def rgb_of(picture: av.VideoFrame) -> NDArray[np.int16]:
    """The pixels as a player shows them, with room for differences."""
    return picture.to_ndarray(format="rgb24").astype(np.int16)
