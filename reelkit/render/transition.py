"""How one arrangement of tiles gives way to the next.

Whenever somebody comes or goes, moves, takes the stage, switches a camera on or off or gets a picture, the old
arrangement and the new one are cross-faded for :data:`FADE_S`. What is seen at an instant follows from the journal
alone: the arrangements of the last moments and since when each of them is there. So a renderer that begins in the
middle of a fade goes on with it. A new name, the mark of a muted microphone and the speaker's ring change at once.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from reelkit.render.config import FilmLayout
from reelkit.render.meeting import Change, MeetingState
from reelkit.render.scene import Scene, scene_of

FADE_S = 0.25
"""Long enough to be seen as a movement and not as a cut, short enough to miss nothing."""
_ACTS_MAX = 3
"""Arrangements that are mixed at most. When many people come at once the oldest are hardly to be seen anyway."""


@dataclass(frozen=True, slots=True)
class Act:
    """An arrangement, since when it is there, and the last state of the meeting that looked so."""

    since_s: float
    scene: Scene
    state: MeetingState

    def opacity(self, wall_s: float) -> float:
        """How much of what was there before it has covered, 0 … 1; slow at both ends."""
        progress = min(1.0, max(0.0, (wall_s - self.since_s) / FADE_S))
        return progress * progress * (3 - 2 * progress)


def acts_of(changes: Iterable[Change], layout: FilmLayout = "grid") -> list[Act]:
    """The arrangements of a meeting's last moments in a film of that layout, the oldest first. The first people
    appear at once, without a fade from the card of an empty meeting."""
    acts: list[Act] = []
    for change in changes:
        scene = scene_of(change.state, layout)
        if acts and arrangement(acts[-1].scene) == arrangement(scene):
            acts[-1] = replace(acts[-1], scene=scene, state=change.state)
        elif acts and is_empty(acts[-1].scene):
            acts = [Act(float("-inf"), scene, change.state)]
        else:
            acts.append(Act(change.since_s, scene, change.state))
    return acts


def seen(acts: list[Act], wall_s: float) -> list[Act]:
    """Those of ``acts`` of which something is seen at ``wall_s``; the last always is."""
    first = next((index for index in range(len(acts) - 1, 0, -1) if acts[index].opacity(wall_s) >= 1), 0)
    return acts[max(first, len(acts) - _ACTS_MAX) :]


def arrangement(scene: Scene) -> Hashable:
    """What two scenes have in common between which nothing fades."""
    people = tuple((person.peer_id, person.camera or (person.portrait,)) for person in scene.people)
    shares = tuple(share.producer_id for share in scene.shares)
    return people, shares, scene.first_is_large, scene.title if is_empty(scene) else None


def is_empty(scene: Scene) -> bool:
    return not scene.people and not scene.shares
