"""Plays one participant of a timeline: each thing at its time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from testbed.timeline import Participant, Timeline

Deed = Callable[[], Awaitable[object]]
_JOIN, _MICROPHONE, _CAMERA, _SCREEN, _LEAVE = range(5)
"""What comes first when several things are declared for one instant."""


class Player(Protocol):
    """Somebody who can be told what to do in a meeting."""

    person: Participant

    async def join(self) -> object: ...
    async def leave(self) -> None: ...
    async def camera(self, *, on: bool) -> None: ...
    async def microphone(self, *, on: bool) -> None: ...
    async def share(self, *, on: bool) -> None: ...


def script(player: Player, timeline: Timeline) -> list[tuple[float, Deed]]:
    """What a participant does, in order, with timeline times. Leaving ends everything that is still on."""
    person = player.person
    presence = timeline.presence(person)
    deeds: list[tuple[float, int, Deed]] = [
        (presence.start_s, _JOIN, player.join),
        (presence.stop_s, _LEAVE, player.leave),
    ]
    for rank, intervals, switch in (
        (_MICROPHONE, timeline.microphone(person), player.microphone),
        (_CAMERA, timeline.camera(person), player.camera),
        (_SCREEN, timeline.screen(person), player.share),
    ):
        for interval in intervals:
            deeds.append((interval.start_s, rank, partial(switch, on=True)))
            if interval.stop_s < presence.stop_s:
                deeds.append((interval.stop_s, rank, partial(switch, on=False)))
    return [(at_s, deed) for at_s, _, deed in sorted(deeds, key=lambda entry: entry[:2])]


async def play(player: Player, timeline: Timeline, zero_s: float, *, seated: bool = False) -> None:
    """Does it all; ``zero_s`` is the wall-clock time of the timeline's zero.

    Who is ``seated`` has joined and switched on before it what begins at zero.
    """
    for at_s, deed in script(player, timeline):
        if seated and at_s <= 0.0:
            continue
        await asyncio.sleep(max(zero_s + at_s - time.time(), 0.0))
        await deed()
