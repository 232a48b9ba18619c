"""Where a film's pictures and sound come from: a meeting's capture, or something else that keeps its time.

The renderer asks for both by wall-clock instants that only move forward, and for no more than a source says is ready.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import av

from reelkit.capture.events import Event
from reelkit.render.checkpoint import Checkpoint
from reelkit.render.encoder_audio import Samples
from reelkit.render.progress import StuckTrack
from reelkit.render.report import PageReport, TrackReport
from reelkit.render.timeline import Timeline
from reelkit.render.viewing import Viewing


class PictureSource(Protocol):
    """What is seen: :class:`reelkit.render.picture.Picture` of a meeting."""

    @property
    def viewing(self) -> Viewing:
        """What was seen of each track."""

    def extend(self, events: Iterable[Event]) -> None:
        """The next events of the journal, in its order."""

    def poll(self, horizon_s: float) -> None:
        """Takes what has come. Raises OSError."""

    def ready_until_s(self, wall_s: float) -> float:
        """Up to which instant, from ``wall_s`` on, frames can be made that nothing will change any more."""

    def frame(self, wall_s: float) -> av.VideoFrame | None:
        """The frame of an instant, yuv420p in the film's size; None where no pictures are made."""

    def stuck_tracks(self) -> tuple[StuckTrack, ...]:
        """Tracks that cannot go on without a keyframe."""

    def checkpoint(self) -> dict[str, Any]:
        """What :meth:`restore` needs; JSON-able."""

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Goes on where another one was. Raises CheckpointError."""


class SoundSource(Protocol):
    """What is heard: :class:`reelkit.render.sound.Sound` of a meeting."""

    @property
    def reports(self) -> list[TrackReport]:
        """How it was made, by track."""

    def extend(self, events: Iterable[Event]) -> None:
        """The next events of the journal, in its order."""

    def poll(self, horizon_s: float) -> None:
        """Takes what has come. Raises OSError."""

    def ready_until_s(self, wall_s: float) -> float:
        """Up to which instant, from ``wall_s`` on, sound can be made that nothing will change any more."""

    def render(self, blocks: int) -> Samples:
        """The film's next blocks of sound."""

    def checkpoint(self) -> dict[str, Any]:
        """What :meth:`restore` needs; JSON-able."""

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Goes on where another one was. Raises CheckpointError."""


class Needs(Protocol):
    """What a film still needs of the capture: :class:`reelkit.render.needs.Needs` of a meeting."""

    def extend(self, events: Iterable[Event]) -> None:
        """The next events of the journal, in its order."""

    def committed(self, checkpoint: Checkpoint, wall_s: float) -> Mapping[str, int | None] | None:
        """What is needed behind a checkpoint; None for everything."""


class Source(Protocol):
    """Pictures and sound of one film that is not made of a meeting's packets."""

    def open(self, timeline: Timeline) -> tuple[PictureSource, SoundSource]:
        """Both, for a film with this timeline, which others extend. To be called once."""

    @property
    def has_media(self) -> bool:
        """Whether anything was ever seen or heard."""

    def report(self) -> PageReport:
        """What it has to say of itself at the film's end."""
