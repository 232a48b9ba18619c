"""A recording of two synthetic people during which processes are killed, and whether its film is what it must be."""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import httpx
import psutil
from cloudflare.types.realtime_kit.recording_get_one_recording_response import Data as Recording

from bench.stated_gaps import Down, gap_faults
from bench.steadiness import On, steadiness
from reelkit.process import wait_until
from testbed.checker import check_film, film
from testbed.checker.check import cadence
from testbed.checker.sight import View, look, subjects
from testbed.operator_api import FINAL_STATES
from testbed.participant import SyntheticParticipant
from testbed.stack import Stack
from testbed.timeline import FPS, Interval, Participant, Timeline, people

SETTLE_S = 1.3
"""A camera that comes on, or is recorded from now on, is owed so much later: its next keyframe is up to 1 s away."""
KILL_EDGE_S = 0.2
"""Before a kill of the SFU or the server: packets that are on their way or in a buffer are lost with the process."""
END_EDGE_S = 0.1
BREAK_S = (0.3, 7.0)
"""Between two kills."""
DELIVERY_S = (0.0, 0.6)
"""From the stop call to a kill of who delivers."""
READY_TIMEOUT_S = 20.0
DELIVERY_TIMEOUT_S = 60.0
_DURATION_TOLERANCE_S = 0.1
_POLL_S = 0.02


class Victim(StrEnum):
    RENDERER = "renderer"
    JANUS = "Janus"
    SERVER = "server"


_CHANCES = {Victim.RENDERER: 0.5, Victim.JANUS: 0.25, Victim.SERVER: 0.25}


@dataclass(frozen=True)
class Kill:
    victim: Victim
    at_s: float
    """Wall-clock time."""
    delivering: bool
    """Whether the recording had been stopped before."""


@dataclass(frozen=True)
class Plan:
    """What is to be killed in one recording: pauses before each kill, the last a pause before the stop."""

    recording: tuple[tuple[float, Victim], ...]
    last_s: float
    delivery: tuple[float, Victim] | None

    @property
    def kills(self) -> int:
        return len(self.recording) + (self.delivery is not None)


def plan(chance: random.Random, kills: int) -> Plan:
    """At most ``kills`` kills. The server's death ends a recording, so nothing follows it but a kill while the film is
    delivered."""
    found: list[tuple[float, Victim]] = []
    for _ in range(chance.randint(1, min(4, kills))):
        victim = chance.choices(list(_CHANCES), list(_CHANCES.values()))[0]
        found.append((chance.uniform(*BREAK_S), victim))
        if victim is Victim.SERVER:
            break
    delivery = None
    if len(found) < kills and chance.random() < 0.4:
        delivery = (chance.uniform(*DELIVERY_S), chance.choice((Victim.RENDERER, Victim.SERVER)))
    return Plan(tuple(found), chance.uniform(1.0, 4.0), delivery)


@dataclass
class Outcome:
    """What came of one recording."""

    plan: Plan
    kills: list[Kill] = field(default_factory=list)
    status: str = ""
    film_s: float = 0.0
    owed_frames: int = 0
    faults: list[str] = field(default_factory=list)
    lost_ms: list[float] = field(default_factory=list)
    """How long before a kill of the SFU or the server the last frame that is in the film was captured."""
    states_gaps: bool = False
    """Whether it has an integrity record, whose gaps were judged then."""
    film: Path | None = None


@dataclass
class _Seat:
    """One stay of a participant."""

    person: Participant
    player: SyntheticParticipant
    on_s: float
    off_s: float | None = None
    killed: bool = False
    """Whether a kill ended it."""


class UnderFire:
    """Plays one recording on a running stack according to a plan."""

    def __init__(self, stack: Stack, directory: Path, what: Plan) -> None:
        self._stack = stack
        self._directory = directory
        self._zero_s = time.time()
        self._people = people(2)
        self._seats: list[_Seat] = []
        self._meeting_id = ""
        self.outcome = Outcome(what)
        """What is known so far."""

    async def run(self) -> Outcome:
        """Raises what the server, its API or the film cannot recover from."""
        outcome = self.outcome
        async with AsyncExitStack() as leaving:
            self._meeting_id = await self._stack.api.create_meeting()
            await self._sit_down(leaving)
            recording_id = await self._stack.api.start_recording(self._meeting_id)
            server_died = await self._recording_kills(leaving)
            stopped_s = None
            if not server_died:
                await asyncio.sleep(outcome.plan.last_s)
                stopped_s = time.time()
                await self._stack.api.stop_recording(recording_id)
            if outcome.plan.delivery is not None:
                pause_s, victim = outcome.plan.delivery
                await asyncio.sleep(pause_s)
                await self._kill(victim, delivering=True)
            recording = await self._final(recording_id)
            self._stand_up(stopped_s)
        outcome.status = recording.status
        await self._judge(recording)
        return outcome

    async def _recording_kills(self, leaving: AsyncExitStack) -> bool:
        """Tells whether the server died."""
        for pause_s, victim in self.outcome.plan.recording:
            await asyncio.sleep(pause_s)
            await self._kill(victim, delivering=False)
            if victim is Victim.SERVER:
                return True
            if victim is Victim.JANUS:
                await self._ready()
                await self._sit_down(leaving)
        return False

    async def _kill(self, victim: Victim, *, delivering: bool) -> None:
        match victim:
            case Victim.RENDERER:
                process = await self._child("reelkit.fleet.worker", 0.3 if delivering else 5.0)
                if process is None:
                    return
                self._note(victim, delivering=delivering)
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
            case Victim.JANUS:
                process = await self._child("janus", 5.0)
                assert process is not None
                at_s = self._note(victim, delivering=delivering)
                process.send_signal(signal.SIGKILL)
                self._stand_up(at_s, killed=True)
                for seat in self._seats:
                    if not seat.player.gone:
                        await seat.player.leave()
            case Victim.SERVER:
                at_s = self._note(victim, delivering=delivering)
                await self._stack.kill()
                self._stand_up(at_s, killed=not delivering)
                for seat in self._seats:
                    if not seat.player.gone:
                        await seat.player.drop()
                await self._stack.start()

    def _note(self, victim: Victim, *, delivering: bool) -> float:
        at_s = time.time()
        self.outcome.kills.append(Kill(victim, at_s, delivering))
        return at_s

    async def _child(self, word: str, timeout_s: float) -> psutil.Process | None:
        """The process with ``word`` in its command line, waited for; None if there is none in time."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            for process in self._stack.descendants():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if any(word in part for part in process.cmdline()):
                        return process
            if time.monotonic() > deadline_s:
                return None
            await asyncio.sleep(_POLL_S)

    async def _ready(self) -> None:
        async with httpx.AsyncClient() as client:

            async def ready() -> bool:
                return (await client.get(f"{self._stack.listening.http}/readyz")).status_code == httpx.codes.OK

            # It is ready until it has noticed.
            await asyncio.sleep(0.2)
            await wait_until(ready, timeout_s=READY_TIMEOUT_S)

    async def _sit_down(self, leaving: AsyncExitStack) -> None:
        for person in self._people:
            guest = await self._stack.api.add_guest(self._meeting_id, person.name)
            player = SyntheticParticipant(self._stack.address, guest.token, person, zero_s=self._zero_s)
            await leaving.enter_async_context(player)
            await player.join()
            await player.microphone(on=True)
            await player.camera(on=True)
            self._seats.append(_Seat(person, player, time.time()))

    def _stand_up(self, at_s: float | None, *, killed: bool = False) -> None:
        for seat in self._seats:
            if seat.off_s is None:
                seat.off_s, seat.killed = at_s if at_s is not None else time.time(), killed

    async def _final(self, recording_id: str) -> Recording:
        deadline_s = time.monotonic() + DELIVERY_TIMEOUT_S
        while (recording := await self._stack.api.recording(recording_id)).status not in FINAL_STATES:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"the recording is still {recording.status}")
            await asyncio.sleep(_POLL_S)
        return recording

    async def _judge(self, recording: Recording) -> None:
        outcome = self.outcome
        extension = (recording.model_extra or {}).get("reelkit") or {}
        if recording.status == "ERRORED":
            outcome.faults.append(f"it is ERRORED: {extension.get('error') or 'without a reason'}")
        if recording.download_url is None:
            outcome.faults.append("there is no film")
            return
        assert recording.started_time is not None
        assert recording.stopped_time is not None
        if (integrity := extension.get("integrity")) is not None:
            outcome.states_gaps = True
            outcome.faults += gap_faults(integrity, self._downs(), recording.stopped_time.timestamp())
        outcome.film = await self._stack.api.download(recording, self._directory)
        await asyncio.to_thread(
            self._judge_film, outcome.film, recording.started_time.timestamp(), recording.stopped_time.timestamp()
        )

    def _judge_film(self, path: Path, started_s: float, stopped_s: float) -> None:
        outcome = self.outcome
        stays = {person.name: self._stays(person, started_s, stopped_s) for person in self._people}
        timeline = Timeline(
            max(stopped_s, time.time()) - self._zero_s + 1.0,
            tuple(self._as_declared(person, stays[person.name]) for person in self._people),
        )
        sight = look(film.pictures(path), subjects(timeline), bt709=film.is_bt709(path))
        outcome.film_s = len(sight.times_s) / FPS
        if abs(outcome.film_s - (stopped_s - started_s)) > _DURATION_TOLERANCE_S:
            outcome.faults.append(f"it lasts {outcome.film_s:.2f} s, but {stopped_s - started_s:.2f} s were recorded")
        if cadence(sight.times_s, FPS, 1.0).share < 1.0:
            outcome.faults.append("its frames do not follow each other regularly")
        for sighting in sight.sightings:
            if sighting.subject.view is View.CAMERA:
                owed = stays[sighting.subject.name]
                found = steadiness(sight.times_s, sighting.counts, started_s, [on for on, _ in owed])
                outcome.owed_frames += found.owed
                outcome.faults += found.faults(sighting.subject.name)
                outcome.lost_ms += [
                    (killed_s - last_s) * 1000
                    for (on, killed_s), last_s in zip(owed, found.last_shown_s, strict=True)
                    if killed_s is not None and last_s is not None and killed_s > on.owed_from_s
                ]
        report = check_film(path, timeline, start_s=started_s - self._zero_s)
        for person in report.participants:
            for events in (person.flashes, person.beeps):
                if events.missing:
                    outcome.faults.append(f"{person.name}: {len(events.missing)} {events.medium}(s) are missing")
                if events.unexpected:
                    outcome.faults.append(f"{person.name}: {len(events.unexpected)} {events.medium}(s) too many")

    def _downs(self) -> list[Down]:
        """When Janus was down while the recording went on."""
        kills = [kill for kill in self.outcome.kills if kill.victim is Victim.JANUS]
        back = [min((seat.on_s for seat in self._seats if seat.on_s > kill.at_s), default=None) for kill in kills]
        return [Down(kill.at_s, until_s) for kill, until_s in zip(kills, back, strict=True)]

    def _stays(self, person: Participant, started_s: float, stopped_s: float) -> list[tuple[On, float | None]]:
        """The stays that were recorded, and when a kill ended each."""
        found: list[tuple[On, float | None]] = []
        for seat in self._seats:
            off_s = min(seat.off_s or stopped_s, stopped_s)
            if seat.person == person and off_s > started_s:
                edge_s = KILL_EDGE_S if seat.killed else END_EDGE_S
                on = On(seat.on_s, max(seat.on_s, started_s) + SETTLE_S, off_s - edge_s)
                found.append((on, seat.off_s if seat.killed and seat.off_s is not None else None))
        return found

    def _as_declared(self, person: Participant, stays: Sequence[tuple[On, float | None]]) -> Participant:
        """The participant with a camera and a microphone that were on when they really were."""
        on = tuple(
            Interval(max(0.0, stay.start_s - self._zero_s), stay.owed_until_s - self._zero_s)
            for stay, _ in stays
            if stay.owed_until_s > stay.start_s
        )
        return replace(person, camera=on, microphone=on)
