"""The sound of one packet file on the wall clock.

Positions are wall-clock time in samples at 48 kHz. Sound is placed by the capture time of its packets: as long as these
agree with the count of samples to within ``SLEW_FROM``, packets follow each other without a gap; a sender whose clock
drifts is followed by playing a little faster or slower; where the clocks part by more than ``JUMP``, the sound fades
out and begins anew. What is made of a packet depends on the packets before it alone, not on the blocks that are asked
for.
"""

import math
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.depacketize.opus import packet_samples
from reelkit.capture.errors import MalformedPayload
from reelkit.capture.packet import ABS_CAPTURE_TIME_URI
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ
from reelkit.render.errors import CheckpointError
from reelkit.render.gate import FADE_SAMPLES, Gate, fade_in, fading
from reelkit.render.opus_decoder import OpusDecoder, Sound
from reelkit.render.report import TrackReport
from reelkit.render.sound_buffer import SoundBuffer
from reelkit.render.stretcher import HALF_TAPS, Stretcher
from reelkit.render.unit_window import UnitWindow

log = structlog.get_logger(__name__)

JUMP = round(0.060 * SAMPLE_RATE_HZ)
"""A larger distance between the sample count and the capture times is a jump of the sender's clock."""
SLEW_FROM = round(0.010 * SAMPLE_RATE_HZ)
"""A smaller distance is jitter."""
_SLEW_UNTIL = round(0.002 * SAMPLE_RATE_HZ)
_SLEW_TIME = 4 * SAMPLE_RATE_HZ
"""The distance shrinks exponentially with this time constant: 10 ms are followed at 0.25 %, 4 cents of pitch …"""
_SLEW_MOST = 0.006
"""… and never at more than 10 cents."""
CONCEALED_MOST = round(0.060 * SAMPLE_RATE_HZ)
"""Longer losses are silent: what libopus makes up has faded by then."""
_ROUNDING = 120
"""RTP times that part by no more than the shortest Opus frame are taken for contiguous."""
LOOK_AHEAD = JUMP + CONCEALED_MOST
"""Packets captured so long behind an instant can decide about the sound at it."""
WARM_UP_UNITS = 50
"""Packets that a decoder has to be given to be as if it had decoded all: 25 leave a difference of 3e-8, 50 none."""
REFRESH_UNITS = 500
"""So often (10 s) a decoder is replaced by one that was warmed up. The noise with which libopus fills losses depends on
all losses before: this bounds how far back a restored source has to begin to make the same noise."""
_KEPT_UNITS = WARM_UP_UNITS + REFRESH_UNITS
_DTX_BYTES = 2
"""Packets up to this size hold no sound: the sender tells that it is silent (RFC 6716, 2.1.9)."""


class _Place(NamedTuple):
    """Where the sound stands before a unit is taken."""

    running: bool
    """Whether sound is being continued; otherwise the next unit begins anew."""
    position: int
    """Of the next sample of the decoder, or behind the last one."""
    timestamp: int
    """RTP time of the next sample, if nothing is missing."""
    slewing: bool
    age: int
    """Samples given since the sound began; 0 if none ever was."""
    cold: bool
    """Whether the decoder missed units."""


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    units: dict[str, Any]
    place: _Place
    """Before the first unit that is kept."""
    next_unit: int
    running: bool
    read_until: int
    report: TrackReport


_SILENT = _Place(running=False, position=0, timestamp=0, slewing=False, age=0, cold=False)


class AudioSource:
    """The Opus stream in the file at ``path``; ``begins_s`` is a wall-clock time at or before its first packet's.

    ``extmap`` is that of the producer. Packets while ``gate`` is closed are not decoded; the sound is not cut at its
    edges. ``state`` is that of another source of the same file, whose sound is continued.

    Raises CheckpointError, MediaError.
    """

    def __init__(
        self,
        path: Path,
        extmap: Mapping[str, int],
        begins_s: float,
        gate: Gate,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.path = path
        self.gate = gate
        restored = None if state is None else _validated(state, path)
        # Without help from the sender the capture time of a packet is derived from its arrival, but it cannot leave
        # before its last sample was captured.
        self._leaves_late = ABS_CAPTURE_TIME_URI not in extmap
        self._units = UnitWindow(path, extmap, begins_s, _KEPT_UNITS, restored.units if restored else None)
        self._decoder = OpusDecoder()
        self._stretcher = Stretcher()
        self._buffer = SoundBuffer(restored.read_until if restored else 0)
        self._place = restored.place if restored else _SILENT
        self._places: deque[_Place] = deque()
        """Before each unit that is kept."""
        self._report = restored.report.model_copy() if restored else TrackReport(file=path.name, kind="audio")
        self._restored = restored

    @property
    def report(self) -> TrackReport:
        """What was counted so far."""
        return self._report.model_copy(update={"late": self._report.late + self._units.late})

    @property
    def running(self) -> bool:
        """Whether there is sound that goes on behind what was read."""
        return self._place.running or self._restored is not None or self._buffer.stop > self._buffer.start

    def poll(self, horizon_s: float) -> None:
        """Reads what was added to the file; ``horizon_s`` is that of UnitReader.poll."""
        self._units.poll(horizon_s)

    def ready_until_s(self, wall_s: float) -> float:
        """Up to which instant, from ``wall_s`` on, what was read decides about the sound."""
        return self._units.settled_until_s(wall_s) - LOOK_AHEAD / SAMPLE_RATE_HZ

    def read(self, start: int, count: int) -> Sound | None:
        """The samples ``start`` … ``start + count - 1``, shape (count, 2); None if they are silent.

        ``start`` never goes back. Raises CheckpointError if the capture does not hold what a restored source needs.
        """
        if self._restored is not None:
            self._replay(self._restored)
        self._buffer.skip_to(start)
        stop = start + count
        while (unit := self._units.peek((stop + LOOK_AHEAD) / SAMPLE_RATE_HZ)) is not None:
            if not self._take(unit, start, stop):
                break
        if self._place.running and self._place.position - HALF_TAPS < stop:
            self._end_run()
        return self._buffer.take(start, count)

    def state(self) -> dict[str, Any]:
        """JSON-able; what is needed to go on behind the last sample read."""
        state = self._restored or _State(
            units=self._units.state(),
            place=self._places[0] if self._places else self._place,
            next_unit=self._units.next_index,
            running=self._place.running,
            read_until=self._buffer.start,
            report=self.report,
        )
        return state.model_dump(mode="json")

    def _take(self, unit: AccessUnit, start: int, stop: int) -> bool:
        """Places ``unit`` if it begins before ``stop``; tells whether it did."""
        samples = _samples_of(unit)
        place = self._place
        wanted = round(unit.capture_s * SAMPLE_RATE_HZ) - (samples if self._leaves_late else 0)
        gap = unit.timestamp - place.timestamp
        if abs(gap) <= _ROUNDING:
            gap = 0
        error = wanted - (place.position + gap)
        continues = place.running and self._bridges(gap, unit.lost_before) and abs(error) <= JUMP
        begins = place.position if continues else wanted
        if begins - HALF_TAPS >= stop:
            return False
        self._remember(place)
        self._report.packets += 1
        self._report.lost += unit.lost_before
        end = begins + samples + (gap if continues else 0)
        if not samples:
            self._rest()
        elif end + LOOK_AHEAD < start or not self.gate.is_open_within(begins, end + FADE_SAMPLES):
            self._rest()
            self._place = self._place._replace(cold=True)
        elif continues:
            if unit.index % REFRESH_UNITS == 0:
                self._warm_up()
            self._continue(unit, gap, error)
        else:
            self._begin(unit, wanted, error)
        self._units.step()
        return True

    def _bridges(self, gap: int, lost: int) -> bool:
        """Whether nothing is missing, or something that can be made up for."""
        if gap <= 0 or not lost:
            return gap == 0
        return gap <= CONCEALED_MOST and gap % self._decoder.concealed_step() == 0

    def _remember(self, place: _Place) -> None:
        """Keeps what another source needs to begin here."""
        self._places.append(place)
        if len(self._places) > _KEPT_UNITS:
            self._places.popleft()

    def _rest(self) -> None:
        if self._place.running:
            self._end_run()

    def _begin(self, unit: AccessUnit, wanted: int, error: int) -> None:
        """Starts sound at ``wanted``, fading in over what there may still be of the last."""
        place = self._place
        if place.running:
            self._end_run()
        if place.cold or unit.index % REFRESH_UNITS == 0:
            self._warm_up()
        sound = self._decode(unit)
        if place.age and wanted < place.position - FADE_SAMPLES:
            # The clock went back: what was said until then cannot be unsaid.
            self._place = self._place._replace(running=False, cold=False)
            return
        if place.age and abs(error) > JUMP:
            self._report.jumps += 1
        self._stretcher = Stretcher()
        self._place = _Place(
            running=True, position=wanted, timestamp=unit.timestamp + len(sound), slewing=False, age=0, cold=False
        )
        self._put(sound, len(sound))

    def _continue(self, unit: AccessUnit, gap: int, error: int) -> None:
        """Adds a unit, and before it what is missing, ``error`` samples earlier than it should be."""
        place = self._place
        if gap:
            self._report.concealed += unit.lost_before
            self._put(self._decoder.conceal(gap), gap)
        sound = self._decode(unit)
        slewing = abs(error) > (_SLEW_UNTIL if place.slewing else SLEW_FROM)
        length = len(sound) + (_slew(error, len(sound)) if slewing else 0)
        self._place = self._place._replace(timestamp=unit.timestamp + len(sound), slewing=slewing)
        self._put(sound, length)

    def _put(self, sound: Sound, length: int) -> None:
        """Gives ``length`` samples made of ``sound`` out."""
        place = self._place
        made = self._stretcher.feed(sound, length)
        fade_in(made, place.age - HALF_TAPS)
        self._buffer.add(place.position - HALF_TAPS, made)
        self._place = place._replace(position=place.position + length, age=place.age + length)

    def _end_run(self) -> None:
        """Lets the sound fade out in what the decoder makes up behind it."""
        made_up = np.concatenate((self._decoder.conceal(FADE_SAMPLES), _silence(HALF_TAPS)))
        made = self._stretcher.feed(made_up, len(made_up))
        made[HALF_TAPS:] = fading(made[HALF_TAPS:])
        self._buffer.add(self._place.position - HALF_TAPS, made)
        self._place = self._place._replace(running=False)

    def _decode(self, unit: AccessUnit) -> Sound:
        try:
            return self._decoder.decode(unit.data)
        except av.FFmpegError as error:
            self._report.decoder_errors += 1
            log.info("an Opus packet does not decode", file=self.path.name, unit=unit.index, reason=str(error))
            return _silence(_samples_of(unit))

    def _warm_up(self) -> None:
        """Gives a decoder that missed units those before the next one."""
        self._decoder = OpusDecoder()
        for unit in self._units.before(WARM_UP_UNITS):
            if _samples_of(unit):
                with suppress(av.FFmpegError):  # counted when it was taken
                    self._decoder.decode(unit.data)

    def _replay(self, state: _State) -> None:
        """Takes the units again that the other source had taken last, for the decoder and for what was made but not
        read."""
        self._restored = None
        while self._units.next_index < state.next_unit:
            unit = self._units.peek(self._buffer.start / SAMPLE_RATE_HZ)
            if unit is None or not self._take(unit, -_EVER, _EVER):
                raise CheckpointError("the capture ends before the checkpoint", file=self.path.name)
        if not state.running:
            self._rest()
        self._report = state.report.model_copy()


_EVER = 1 << 62


def _samples_of(unit: AccessUnit) -> int:
    """Samples of sound in a unit; 0 if it holds none."""
    if len(unit.data) <= _DTX_BYTES:
        return 0
    try:
        return packet_samples(unit.data)
    except MalformedPayload:
        return 0


def _slew(error: int, samples: int) -> int:
    """How many samples more (or less) to make of ``samples`` to catch up with ``error`` smoothly."""
    share = min(abs(error) / _SLEW_TIME, _SLEW_MOST)
    return round(math.copysign(max(1, share * samples), error))


def _silence(samples: int) -> Sound:
    return np.zeros((samples, 2), np.float32)


def _validated(state: dict[str, Any], path: Path) -> _State:
    try:
        return _State.model_validate(state)
    except ValidationError as error:
        raise CheckpointError("the checkpoint of an audio track is malformed", file=path.name) from error
