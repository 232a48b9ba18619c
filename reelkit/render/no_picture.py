"""What stands for the pictures of a recording of sound alone."""

import math
from collections.abc import Iterable
from typing import Any

import av

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import Event
from reelkit.render.progress import StuckTrack
from reelkit.render.viewing import Viewing


class NoPicture:
    """Takes the place of a Picture where none is to be made: it reads no packet file and holds nothing back."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.viewing = Viewing()
        """Nothing is ever seen."""

    def extend(self, events: Iterable[Event]) -> None:
        """Nothing in the journal matters to it."""

    def poll(self, horizon_s: float) -> None:  # noqa: ARG002 - as Picture.poll has it
        """Looks for new packet files, as the sound expects. Raises OSError."""
        self._catalog.scan()

    def ready_until_s(self, wall_s: float) -> float:  # noqa: ARG002 - as Picture.ready_until_s has it
        """No instant has to be waited for."""
        return math.inf

    def frame(self, wall_s: float) -> av.VideoFrame | None:  # noqa: ARG002 - as Picture.frame has it
        """There is none."""
        return None

    def stuck_tracks(self) -> tuple[StuckTrack, ...]:
        """None is decoded."""
        return ()

    def checkpoint(self) -> dict[str, Any]:
        """As that of a picture without video tracks."""
        return {"sources": []}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """There is nothing to go on from."""
