"""What the checker says of a film."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rich.box import SIMPLE
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from testbed.checker.events import Events, Skew
from testbed.checker.film import Facts
from testbed.checker.motion import Motion
from testbed.checker.tiles import Box
from testbed.timeline import Interval


@dataclass(frozen=True)
class Placed:
    """Where a camera's picture was from an instant on; timeline time."""

    time_s: float
    box: Box


@dataclass(frozen=True)
class ParticipantReport:
    """One participant; all times but those of Events are the timeline's."""

    name: str
    seen: tuple[Interval, ...]
    screen_seen: tuple[Interval, ...]
    placed: tuple[Placed, ...]
    heard: tuple[float, ...]
    """Times of beeps, wherever they belong."""
    flashes: Events
    beeps: Events
    motion: Motion


@dataclass(frozen=True)
class TileCount:
    """From ``time_s`` on the film showed so many tiles, of which so many had nothing of a camera or a screen."""

    time_s: float
    tiles: int
    avatars: int


@dataclass(frozen=True)
class Cadence:
    """How regular the frames' time stamps are."""

    intervals: int
    regular: int
    longest_ms: float

    @property
    def share(self) -> float:
        return self.regular / self.intervals if self.intervals else 0.0


@dataclass(frozen=True)
class FilmReport:
    """The checker's result; ``problems`` is empty for a film that is as declared."""

    film: str
    facts: Facts
    start_s: float | None
    """The timeline time of the film's first frame, given or found; None if nothing told it."""
    cadence: Cadence
    participants: tuple[ParticipantReport, ...]
    tile_counts: tuple[TileCount, ...]
    skews: tuple[Skew, ...]
    problems: tuple[str, ...]

    @property
    def verdict(self) -> Literal["pass", "fail"]:
        return "fail" if self.problems else "pass"

    @property
    def skew_mean_ms(self) -> float | None:
        return float(np.mean([skew.skew_ms for skew in self.skews])) if self.skews else None

    @property
    def skew_p95_ms(self) -> float | None:
        """95th percentile of the skews' magnitudes."""
        return float(np.percentile([abs(skew.skew_ms) for skew in self.skews], 95)) if self.skews else None

    def participant(self, name: str) -> ParticipantReport:
        """Raises KeyError for a name that is not in the timeline."""
        for participant in self.participants:
            if participant.name == name:
                return participant
        raise KeyError(name)

    def to_json(self) -> str:
        """Everything, indented."""
        document = dataclasses.asdict(self) | {
            "verdict": self.verdict,
            "skew_mean_ms": self.skew_mean_ms,
            "skew_p95_ms": self.skew_p95_ms,
            "cadence_share": self.cadence.share,
        }
        return json.dumps(document, indent=2, default=str)

    def print(self, console: Console | None = None) -> None:
        """A short table for people."""
        (console or Console()).print(Group(self._summary(), self._people(), *self._verdict_lines()))

    def _summary(self) -> Table:
        facts = self.facts
        table = Table("film", "video", "audio", "size", "duration", "cadence", "A/V skew mean", "p95", box=SIMPLE)
        table.add_row(
            self.film.rsplit("/", 1)[-1],
            f"{facts.video_codec} {facts.width_px}x{facts.height_px} {facts.fps:.2f} fps",
            f"{facts.audio_codec} {facts.sample_rate_hz} Hz x{facts.channels}",
            f"{facts.size_bytes / 1e6:.2f} MB",
            f"{facts.duration_s:.2f} s",
            f"{self.cadence.share:.2%}",
            "-" if self.skew_mean_ms is None else f"{self.skew_mean_ms:+.1f} ms",
            "-" if self.skew_p95_ms is None else f"{self.skew_p95_ms:.1f} ms",
        )
        return table

    def _people(self) -> Table:
        table = Table(
            "participant",
            "seen",
            "flashes",
            "beeps",
            "unexpected",
            "repeated",
            "skipped",
            "freeze",
            "delay",
            box=SIMPLE,
        )
        for person in self.participants:
            motion = person.motion
            table.add_row(
                person.name,
                " ".join(f"{interval.start_s:.1f}…{interval.stop_s:.1f}" for interval in person.seen) or "never",
                f"{person.flashes.found}/{person.flashes.required}",
                f"{person.beeps.found}/{person.beeps.required}",
                str(len(person.flashes.unexpected) + len(person.beeps.unexpected)),
                f"{motion.repeated_share:.1%}",
                f"{motion.skipped_share:.1%}",
                f"{motion.longest_freeze_s:.2f} s",
                "-" if motion.delay_ms is None else f"{motion.delay_ms:.0f} ± {motion.delay_spread_ms:.0f} ms",
            )
        return table

    def _verdict_lines(self) -> list[Text]:
        if not self.problems:
            return [Text("pass: the film is as declared", style="green")]
        return [Text(f"fail: {problem}", style="red") for problem in self.problems]
