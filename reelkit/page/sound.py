"""The sound of a film that shows a page."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.capture.events import Event
from reelkit.page.outages import Outages
from reelkit.page.sound_block import SAMPLE_RATE_HZ
from reelkit.page.tape import SoundTape
from reelkit.page.wall_offset import WallOffset
from reelkit.render.encoder_audio import FRAME_SAMPLES, Samples
from reelkit.render.errors import CheckpointError
from reelkit.render.gate import FADE_SAMPLES, envelope, fade_in, fading
from reelkit.render.mixer import LOOK_AHEAD_SAMPLES, Mixer
from reelkit.render.opus_decoder import Sound as Stereo
from reelkit.render.report import Outage, TrackReport
from reelkit.render.timeline import Stretch, Timeline

_MOVED_SAMPLES = round(0.015 * SAMPLE_RATE_HZ)
"""So far the sound may stray from the pictures, as the wall clock is slewed, before it is moved."""
_SILENT = 1e-4
"""-80 dBFS: players that play nothing still play something."""
_KEPT_SAMPLES = SAMPLE_RATE_HZ
"""Of what was rendered so much stays on the tape."""
_PAUSED_SAMPLES = 2 * SAMPLE_RATE_HZ
"""And so much of what was not recorded."""


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    position: int
    mixer: dict[str, Any] | None
    heard: bool = False
    gaps: dict[str, Any] = {}
    """As Outages.state has it."""
    outages: list[Outage] = []
    """What of it the film lacks, for a report that is made without the renderer."""
    silenced_s: float = 0.0


class PageSound:
    """Gives for each instant what the page's loudspeaker played then; one that is gone is silent. Without ``tape``
    there is no page any more.

    What is known of ``outages`` is kept with the sound's checkpoint, since every film has sound.
    """

    def __init__(
        self, timeline: Timeline, tape: SoundTape | None, offset: WallOffset, outages: Outages | None = None
    ) -> None:
        self._timeline = timeline
        self._tape = tape
        self._offset = offset
        self._outages = outages or Outages()
        self._offset_s = offset.now_s()
        self._mixer: Mixer | None = None
        self._position = 0
        self._silenced = 0
        self._heard_any = False
        self._anchor: tuple[float, int] | None = None
        """The stretch that is played, by its beginning, and the place on the tape minus the place in the stretch."""

    @property
    def reports(self) -> list[TrackReport]:
        """There are no tracks."""
        return []

    @property
    def silenced_s(self) -> float:
        """Film time of which the sound came too late, or never because the page had crashed."""
        return self._silenced / SAMPLE_RATE_HZ

    @property
    def is_silent(self) -> bool:
        """Whether nothing was ever heard in the film."""
        return not self._heard_any

    def extend(self, events: Iterable[Event]) -> None:
        """Nothing in the journal matters to it."""

    def poll(self, horizon_s: float) -> None:
        """Lets go of sound that is in no recorded stretch."""
        self._offset_s = self._offset.now_s()
        stretches = self._timeline.stretches
        if self._tape is None or horizon_s == math.inf or (stretches and stretches[-1].end_s is None):
            return
        if self._position < self._timeline.duration_s * SAMPLE_RATE_HZ:
            return  # A renderer that is behind has not come to the pause, or to the end, yet.
        self._tape.forget(self._on_tape(horizon_s) - _PAUSED_SAMPLES)

    def ready_until_s(self, wall_s: float) -> float:  # noqa: ARG002 - as Sound.ready_until_s has it
        """As far as the loudspeaker is."""
        if self._tape is None or self._tape.ended:
            return math.inf
        return (self._tape.complete - LOOK_AHEAD_SAMPLES) / SAMPLE_RATE_HZ + self._offset_s

    def render(self, blocks: int) -> Samples:
        """The next ``blocks`` times 1024 samples of the film; silence behind its end."""
        if self._mixer is None:
            self._mixer = Mixer()
            self._mix(self._mixer, 0, LOOK_AHEAD_SAMPLES)
        count = blocks * FRAME_SAMPLES
        mixed = self._mix(self._mixer, self._position + LOOK_AHEAD_SAMPLES, count)
        self._position += count
        self._heard_any = self._heard_any or bool(np.abs(mixed).max() > _SILENT)
        return np.ascontiguousarray(mixed.T)

    def checkpoint(self) -> dict[str, Any]:
        """Where it is."""
        mixer = None if self._mixer is None else self._mixer.state()
        state = _State(
            position=self._position,
            mixer=mixer,
            heard=self._heard_any,
            gaps=self._outages.state(),
            outages=self._outages.within(self._timeline),
            silenced_s=self.silenced_s,
        )
        return {"page": state.model_dump(mode="json")}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Goes on there; what was played before, nobody has any more. Raises CheckpointError."""
        try:
            state = _State.model_validate(checkpoint["page"])
            self._outages.restore(state.gaps, self._timeline.wall_at(state.position / SAMPLE_RATE_HZ))
        except (KeyError, ValidationError) as error:
            raise CheckpointError("the checkpoint of the page's sound is malformed") from error
        self._position, self._silenced = state.position, round(state.silenced_s * SAMPLE_RATE_HZ)
        self._mixer = None if state.mixer is None else Mixer(state.mixer)
        self._heard_any = state.heard

    def _mix(self, mixer: Mixer, first: int, count: int) -> Stereo:
        layers = [heard for heard in self._layers(first, count) if heard is not None]
        return mixer.mix(layers, count)

    def _layers(self, first: int, count: int) -> Iterable[Stereo | None]:
        """What is heard of each stretch in the film's samples ``first`` … ``first + count - 1``."""
        passed = 0
        for stretch in self._timeline.stretches:
            length = None if stretch.end_s is None else round((stretch.end_s - stretch.start_s) * SAMPLE_RATE_HZ)
            begin, end = max(first, passed), first + count if length is None else min(first + count, passed + length)
            if begin < end:
                yield self._heard(stretch, length, begin - passed, end - begin, begin - first, count)
            passed += 0 if length is None else length

    def _heard(
        self, stretch: Stretch, length: int | None, at: int, samples: int, before: int, count: int
    ) -> Stereo | None:
        """A piece of a stretch, from its sample ``at`` on, with ``before`` samples of silence before it."""
        heard = self._played(stretch, at, samples)
        if heard is None:
            return None
        edges = envelope([(0, length)], at, samples)
        if edges is not None:
            heard *= edges[:, np.newaxis]
        return np.pad(heard, ((before, count - before - samples), (0, 0))) if samples < count else heard

    def _played(self, stretch: Stretch, at: int, samples: int) -> Stereo | None:
        if self._tape is None:
            self._silenced += samples
            return None
        exact = self._on_tape(stretch.start_s + at / SAMPLE_RATE_HZ) - at
        if self._anchor is None or self._anchor[0] != stretch.start_s:
            self._anchor = (stretch.start_s, exact)
        origin = self._anchor[1]
        heard = self._tape.read(origin + at, samples)
        first = origin + at
        late, lost = first + samples - self._tape.complete, self._tape.lost - first
        self._silenced += max(0, min(samples, late)) + max(0, min(samples, lost))
        if abs(exact - origin) > _MOVED_SAMPLES and samples > FADE_SAMPLES:
            heard = self._moved(heard, exact + at, samples)
            self._anchor = (stretch.start_s, exact)
        self._tape.forget(origin + at - _KEPT_SAMPLES)
        return heard

    def _moved(self, heard: Stereo | None, place: int, samples: int) -> Stereo | None:
        """From ``heard`` over to what is at another place of the tape, within a fade."""
        wanted = None if self._tape is None else self._tape.read(place, samples)
        if heard is None or wanted is None:
            return wanted
        fade_in(wanted, 0)
        wanted[:FADE_SAMPLES] += fading(heard[:FADE_SAMPLES])
        return wanted

    def _on_tape(self, wall_s: float) -> int:
        return round((wall_s - self._offset_s) * SAMPLE_RATE_HZ)
