"""A declared meeting, played on a running server and recorded through the official client."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudflare.types.realtime_kit.recording_get_one_recording_response import Data as Recording

from testbed.checker.check import check_film
from testbed.checker.report import FilmReport
from testbed.checker.tolerance import Tolerance
from testbed.chromium import Chromium, ChromiumParticipant, VideoCoding
from testbed.participant import SyntheticParticipant, prepare
from testbed.playing import play
from testbed.stack import Stack
from testbed.timeline import Timeline

LEAD_IN_S = 4.0
"""Between the decision to play and the timeline's zero: those who are there from the start join in this time."""
BROWSER_LEAD_IN_S = 12.0
"""The same with browsers, whose pages take seconds to load on two cores."""
DELIVERY_TIMEOUT_S = 120.0

During = Callable[[str], Coroutine[None, None, None]]
"""Gets the recording's id while the meeting goes on."""


@dataclass(frozen=True)
class Rehearsal:
    """What came of it."""

    recording: Recording
    film: Path
    zero_s: float
    """Wall-clock time of the timeline's zero."""
    start_call_s: float
    """How long the start call took: its answer says RECORDING."""
    stop_to_uploaded_s: float
    latest_packet_s: float
    """By how much the latest synthetic packet was sent late: above some 10 ms the machine was too busy to judge."""
    browsers: frozenset[str] = frozenset()
    """Who came with a real browser."""

    @property
    def start_s(self) -> float:
        """The timeline time of the film's first frame."""
        assert self.recording.started_time is not None
        return self.recording.started_time.timestamp() - self.zero_s

    def check(self, timeline: Timeline) -> FilmReport:
        """Decodes the film and compares it with its timeline."""
        return check_film(self.film, timeline, start_s=self.start_s, tolerance=Tolerance(unsteady=self.browsers))


async def rehearse(
    stack: Stack,
    timeline: Timeline,
    directory: Path,
    *,
    browsers: Collection[str] = (),
    video: VideoCoding | None = None,
    during: During | None = None,
    record_from_s: float = 0.5,
    record_until_s: float | None = None,
    options: Mapping[str, Any] | None = None,
    delivery_timeout_s: float = DELIVERY_TIMEOUT_S,
) -> Rehearsal:
    """Plays ``timeline`` and records it from ``record_from_s`` to ``record_until_s`` (its end) with ``options`` of the
    start call; those named in ``browsers`` come with real Chromium, sending ``video`` if that is given. Raises what any
    part of it raises."""
    until_s = timeline.duration_s - 0.5 if record_until_s is None else record_until_s
    await prepare(timeline)
    meeting_id = await stack.api.create_meeting()
    zero_s = time.time() + (BROWSER_LEAD_IN_S if browsers else LEAD_IN_S)
    async with AsyncExitStack() as leaving:
        chromium = await leaving.enter_async_context(Chromium(stack.address)) if browsers else None
        synthetic: list[SyntheticParticipant] = []
        players: list[SyntheticParticipant | ChromiumParticipant] = []
        for person in timeline.participants:
            guest = await stack.api.add_guest(meeting_id, person.name)
            if chromium is not None and person.name in browsers:
                players.append(await chromium.participant(guest.token, person, zero_s=zero_s, video=video))
            else:
                player = SyntheticParticipant(stack.address, guest.token, person, zero_s=zero_s)
                synthetic.append(await leaving.enter_async_context(player))
                players.append(player)
        # Who is there from the start joins before it, so that the film begins with everybody in place.
        early = [player for player in players if player.person.joins_s <= 0.0]
        await asyncio.gather(*(_take_seat(player, timeline) for player in early))
        playing = [
            asyncio.create_task(
                play(player, timeline, zero_s, seated=player in early), name=f"player-{player.person.name}"
            )
            for player in players
        ]
        await _until(zero_s + record_from_s)
        called_s = time.monotonic()
        recording_id = await stack.api.start_recording(meeting_id, **(options or {}))
        start_call_s = time.monotonic() - called_s
        fault = asyncio.create_task(during(recording_id)) if during is not None else None
        await _until(zero_s + until_s)
        if fault is not None:
            await fault
        stopped_s = time.monotonic()
        await stack.api.stop_recording(recording_id)
        recording = await stack.api.recording_in(recording_id, "UPLOADED", timeout_s=delivery_timeout_s)
        stop_to_uploaded_s = time.monotonic() - stopped_s
        await asyncio.gather(*playing)
        latest_packet_s = max((player.latest_s for player in synthetic), default=0.0)
    film = await stack.api.download(recording, directory)
    return Rehearsal(recording, film, zero_s, start_call_s, stop_to_uploaded_s, latest_packet_s, frozenset(browsers))


async def _take_seat(player: SyntheticParticipant | ChromiumParticipant, timeline: Timeline) -> None:
    await player.join()
    person = player.person
    if any(interval.start_s <= 0.0 for interval in timeline.microphone(person)):
        await player.microphone(on=True)
    if any(interval.start_s <= 0.0 for interval in timeline.camera(person)):
        await player.camera(on=True)


async def _until(wall_s: float) -> None:
    await asyncio.sleep(max(0.0, wall_s - time.time()))
