"""What a film shows: for each picture of a timeline, frame by frame, whether and where it is seen and what it says."""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from testbed.checker.film import Picture, Plane
from testbed.checker.grid import tiles
from testbed.checker.tiles import MIN_FILL, MIN_SHARE, Box, ColourMap, Reader, Reading, locate
from testbed.timeline import Colour, Timeline

RELOCATE_FRAMES = 15
"""A picture that looks unmoved is searched again after so many frames."""
MOVED_SHARE = 0.04
"""A change of a picture's visible area that means that it was moved or resized."""
REMEMBER_FRAMES = 30
"""A flashing picture has no colour of its own: for so long it is looked for where it was."""
SAME_PLACE = 0.002
"""Edges that are no further apart, in shares of the film, are those of an unmoved picture."""
UNREAD = -1
GRID_FRAMES = 6
"""The tiles of every so many frames are counted."""


class View(StrEnum):
    CAMERA = "camera"
    SCREEN = "screen"


@dataclass(frozen=True)
class Subject:
    """A picture to look for."""

    name: str
    view: View
    colour: Colour


@dataclass(frozen=True)
class Sighting:
    """What was seen of one subject; the arrays have one element per frame of the film."""

    subject: Subject
    seen: NDArray[np.bool_]
    flashing: NDArray[np.bool_]
    counts: NDArray[np.int32]
    """Counter of the shown source frame, UNREAD where not seen."""
    boxes: tuple[tuple[int, Box], ...]
    """(frame index, box): where it was from that frame on."""

    def box_at(self, frame: int) -> Box | None:
        """Where the subject is in that frame; None where it is not seen."""
        if not self.seen[frame]:
            return None
        index = bisect.bisect_right(self.boxes, frame, key=lambda entry: entry[0])
        return self.boxes[index - 1][1] if index else None


@dataclass(frozen=True)
class Sight:
    """Everything seen."""

    times_s: NDArray[np.float64]
    sightings: tuple[Sighting, ...]
    grids: tuple[tuple[int, tuple[Box, ...]], ...]
    """(frame index, tiles): all tiles of some frames, whatever they show; frames without a plain border left out."""


def subjects(timeline: Timeline) -> list[Subject]:
    """The pictures of a timeline. Raises ValueError if two that are shown have one colour."""
    found = [Subject(person.name, View.CAMERA, person.colour) for person in timeline.participants]
    found += [
        Subject(person.name, View.SCREEN, person.screen_colour)
        for person in timeline.participants
        if timeline.screen(person)
    ]
    if len({subject.colour for subject in found}) < len(found):
        raise ValueError("every camera and every shared screen of a timeline needs a colour of its own to be checked")
    return found


def look(frames: Iterable[Picture], looked_for: list[Subject], *, bt709: bool) -> Sight:
    """Watches a film for the given subjects."""
    colours = ColourMap([subject.colour for subject in looked_for], bt709=bt709)
    watches = [_Watch(colours.flash_luma(index)) for index in range(len(looked_for))]
    times_s: list[float] = []
    grids: list[tuple[int, tuple[Box, ...]]] = []
    for picture in frames:
        frame = _Frame(picture, colours.sort(picture))
        areas = np.bincount(frame.classes.ravel(), minlength=colours.count + 1)
        for index, watch in enumerate(watches):
            watch.frame(frame, index, int(areas[index]))
        if len(times_s) % GRID_FRAMES == 0 and frame.tiles is not None:
            grids.append((len(times_s), tuple(frame.tiles)))
        times_s.append(picture.time_s)
    sightings = tuple(watch.result(subject) for subject, watch in zip(looked_for, watches, strict=True))
    return Sight(np.array(times_s), sightings, tuple(grids))


class _Frame:
    """One frame with what is found out about it only if somebody asks."""

    def __init__(self, picture: Picture, classes: Plane) -> None:
        self.luma = picture.luma
        self.classes = classes

    @cached_property
    def tiles(self) -> list[Box] | None:
        return tiles(self.luma)

    def part(self, box: Box) -> Plane:
        """The colours of a rectangle."""
        height, width = self.classes.shape
        rows = slice(round(box.top * height), round(box.bottom * height))
        return self.classes[rows, round(box.left * width) : round(box.right * width)]

    def find(self, index: int) -> Box | None:
        """Where the picture of a colour is: in the tile that it fills, as other tiles may have its colour in an avatar
        or a frame; anywhere if there are no tiles to be seen."""
        if self.tiles is None:
            return locate(self.classes == index)
        candidates = [(tile, part == index) for tile in self.tiles if (part := self.part(tile)).size]
        tile, mask = max(candidates, key=lambda entry: entry[1].sum(), default=(None, None))
        if tile is None or mask is None or mask.mean() < MIN_FILL:
            return None
        inner = locate(mask)
        return None if inner is None else inner.within(tile)


@dataclass
class _Watch:
    flash_luma: float
    _box: Box | None = None
    _reader: Reader | None = None
    _area: int = 0
    _located_at: int = -RELOCATE_FRAMES
    _coloured_at: int = -REMEMBER_FRAMES - 1
    _seen: list[bool] = field(default_factory=list)
    _flashing: list[bool] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)
    _boxes: list[tuple[int, Box]] = field(default_factory=list)

    def frame(self, frame: _Frame, index: int, area: int) -> None:
        number = len(self._seen)
        present = area >= MIN_SHARE * frame.classes.size
        coloured = present and self._is_coloured(frame, index)
        reading = self._read(frame, number)
        lost = not coloured or reading is None or reading.count is None
        if present and (lost or self._has_changed(number, area)):
            self._search(frame, index, number, area)
            coloured, reading = self._is_coloured(frame, index), self._read(frame, number)
        if coloured:
            self._coloured_at = number
        if reading is None:
            self._note(seen=False, flashing=False, count=UNREAD)
            return
        flashing = reading.brightness > self.flash_luma
        seen = reading.count is not None and (coloured or flashing)
        count = UNREAD if reading.count is None or not seen else reading.count
        self._note(seen=seen, flashing=seen and flashing, count=count)

    def _is_coloured(self, frame: _Frame, index: int) -> bool:
        return self._box is not None and float((frame.part(self._box) == index).mean()) >= MIN_FILL

    def _read(self, frame: _Frame, number: int) -> Reading | None:
        if self._reader is None or number - self._coloured_at > REMEMBER_FRAMES:
            return None
        return self._reader.read(frame.luma)

    def _has_changed(self, number: int, area: int) -> bool:
        return number - self._located_at >= RELOCATE_FRAMES or abs(area - self._area) > MOVED_SHARE * self._area

    def _search(self, frame: _Frame, index: int, number: int, area: int) -> None:
        """Finds the picture anew. While it flashes it is not found, and stays where it was."""
        self._located_at, self._area = number, area
        box = frame.find(index)
        if box is None:
            return
        self._coloured_at = number
        if self._box is None or not box.near(self._box, SAME_PLACE):
            if not self._boxes or not box.near(self._boxes[-1][1]):
                self._boxes.append((number, box))
            self._box, self._reader = box, Reader(box, (frame.luma.shape[0], frame.luma.shape[1]))

    def _note(self, *, seen: bool, flashing: bool, count: int) -> None:
        self._seen.append(seen)
        self._flashing.append(flashing)
        self._counts.append(count)

    def result(self, subject: Subject) -> Sighting:
        return Sighting(
            subject,
            np.array(self._seen, bool),
            np.array(self._flashing, bool),
            np.array(self._counts, np.int32),
            tuple(self._boxes),
        )
