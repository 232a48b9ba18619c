"""Who speaks, from the loudness that every client reports about its own microphone."""

from dataclasses import dataclass

# The SDK reports every 400 ms while the microphone is on; three missed reports mean silence.
REPORT_LIFETIME_S = 1.2
# How much louder (of 0 to 10) somebody must be to take over from a speaker who goes on speaking.
TAKEOVER_ENERGY = 2


@dataclass(frozen=True, slots=True)
class _Report:
    energy: int
    time_s: float


class ActiveSpeaker:
    """Chooses one speaker of a meeting. Times are of any one clock that does not go back.

    A speaker stays for ``hold_s`` at least. After that whoever is loudest takes over: from somebody who fell silent at
    once, from somebody who speaks only when clearly louder. When nobody has spoken for ``hold_s`` there is no speaker.
    """

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._reports: dict[str, _Report] = {}
        self._since_s = 0.0
        self._heard_s = 0.0
        self.current: str | None = None
        self.recent: list[str] = []
        """Everybody who was the speaker, the latest first."""

    def report(self, peer_id: str, energy: int, *, silent: bool, now_s: float) -> bool:
        """Takes one report; returns whether the speaker changed."""
        if silent or energy <= 0:
            self._reports.pop(peer_id, None)
        else:
            self._reports[peer_id] = _Report(energy, now_s)
        return self.update(now_s)

    def hush(self, peer_id: str) -> None:
        """The peer was muted: what it reported no longer counts."""
        self._reports.pop(peer_id, None)

    def remove(self, peer_id: str) -> bool:
        """The peer left; returns whether the speaker changed."""
        self.hush(peer_id)
        if peer_id in self.recent:
            self.recent.remove(peer_id)
        if self.current != peer_id:
            return False
        self.current = None
        return True

    def update(self, now_s: float) -> bool:
        """Lets time pass; returns whether the speaker changed."""
        talking = {
            peer_id: report.energy
            for peer_id, report in self._reports.items()
            if now_s - report.time_s <= REPORT_LIFETIME_S
        }
        if self.current in talking:
            self._heard_s = now_s
        speaker = self._choose(talking, now_s)
        if speaker == self.current:
            return False
        self.current = speaker
        self._since_s = self._heard_s = now_s
        if speaker is not None:
            self.recent = [speaker, *(peer_id for peer_id in self.recent if peer_id != speaker)]
        return True

    def _choose(self, talking: dict[str, int], now_s: float) -> str | None:
        loudest = max(talking, key=talking.__getitem__, default=None)
        if self.current is None:
            return loudest
        if now_s - self._since_s < self._hold_s:
            return self.current
        if loudest is None:
            return self.current if now_s - self._heard_s < self._hold_s else None
        if self.current in talking and talking[loudest] < talking[self.current] + TAKEOVER_ENERGY:
            return self.current
        return loudest
