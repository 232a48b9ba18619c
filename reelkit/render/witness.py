"""What a renderer notes about its film for the record of integrity: loudness, and what became of the packets."""

from collections.abc import Iterable
from typing import Any

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import Event
from reelkit.render.census import Census
from reelkit.render.encoder_audio import Samples
from reelkit.render.errors import CheckpointError
from reelkit.render.loudness import Loudness, LoudnessMeter
from reelkit.render.stream_tally import StreamTally
from reelkit.render.timeline import Timeline


class Witness:
    """Follows one film. Its notes depend on the capture alone: a witness that goes on from the :meth:`state` of another
    notes the same."""

    def __init__(self, catalog: Catalog, timeline: Timeline, channels: int) -> None:
        """``channels`` is how many the film has; the mix has two. Others scan ``catalog`` and extend ``timeline``."""
        self._census = Census(catalog, timeline)
        self._channels = channels
        self._meter = LoudnessMeter(channels)

    @property
    def streams(self) -> list[StreamTally]:
        """What became of the packets so far."""
        return self._census.streams

    @property
    def loudness(self) -> Loudness:
        """Of the sound so far."""
        return self._meter.result()

    def extend(self, events: Iterable[Event]) -> None:
        """Takes the next events of the journal, in its order; all of them, also after a restart."""
        self._census.extend(events)

    def hear(self, samples: Samples, until: int | None) -> None:
        """The film's next sound, shape (2, n); ``until`` is where the film ends, in samples, if that is known."""
        if until is not None:
            samples = samples[:, : max(0, until - self._meter.samples)]
        self._meter.hear(samples.mean(axis=0, keepdims=True) if self._channels == 1 else samples)

    def advance(self, wall_s: float, *, is_last: bool) -> None:
        """A segment ends that shows the time up to ``wall_s``, and with it the film if ``is_last``. Raises OSError."""
        self._census.advance(wall_s)
        if is_last:
            self._census.finish()

    def state(self) -> dict[str, Any]:
        """JSON-able."""
        return {"census": self._census.state(), "loudness": self._meter.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on where another witness was, to be called before anything else. Raises CheckpointError."""
        if not state:
            return
        try:
            census, loudness = state["census"], state["loudness"]
        except KeyError as error:
            raise CheckpointError("the checkpoint of the witness is malformed") from error
        self._census.restore(census)
        self._meter = LoudnessMeter(self._channels, loudness)
