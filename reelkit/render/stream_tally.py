"""What became of the packets of one participant's microphone, camera or screen, within the film's stretches."""

import math

from pydantic import BaseModel, ConfigDict, Field

MAX_OUTAGES = 20
"""Of each stream; further ones are only counted."""
MAX_WOBBLE_MS = 100


class Outage(BaseModel):
    """A hole in a stream that lasted, and was never filled."""

    model_config = ConfigDict(extra="ignore")

    wall_s: float
    """Arrival of the last packet before."""
    length_s: float
    packets: int
    """How many never came."""


class ClockTally(BaseModel):
    """How well the stream's RTP clock could be tied to the wall clock, second by second."""

    model_config = ConfigDict(extra="ignore")

    seconds: int = 0
    told_seconds: int = 0
    """Of these, how many had capture times that the sender told (abs-capture-time)."""
    jumps: int = 0
    """How often the tie moved by more than 100 ms from one second to the next."""
    wobble_ms: dict[int, int] = Field(default_factory=dict)
    """How often the tie moved by so many milliseconds from one second to the next."""
    correction_sum_s: float = 0.0
    """Of what was added to the capture times that were told, second by second."""
    delay_sum_s: float = 0.0
    """Of the apparent delays of packets that told their capture times, second by second."""

    def moved(self, by_s: float) -> None:
        """The tie was another than in the second before."""
        by_ms = round(abs(by_s) * 1_000)
        if by_ms > MAX_WOBBLE_MS:
            self.jumps += 1
        else:
            self.wobble_ms[by_ms] = self.wobble_ms.get(by_ms, 0) + 1

    def wobble_p95_ms(self) -> float | None:
        """What the tie stays within from one second to the next, 95 times in 100; None without two seconds."""
        total = sum(self.wobble_ms.values())
        rank = math.ceil(0.95 * total)
        for by_ms, count in sorted(self.wobble_ms.items()):
            rank -= count
            if rank <= 0:
                return float(by_ms)
        return None


class StreamTally(BaseModel):
    """Counts over all packet files of one source of one participant. All of them count packets that arrived while the
    film was being recorded."""

    model_config = ConfigDict(extra="ignore")

    participant_id: str
    """Empty if the journal does not tell whose the files are."""
    source: str
    kind: str
    codec: str
    files: int = 0
    packets: int = 0
    """Received, each once."""
    payload_bytes: int = 0
    lost: int = 0
    """Never came."""
    late: int = 0
    """Came more than a second after a packet behind them: too late to be used."""
    recovered: int = 0
    """Came out of order but in time: sent again, or overtaken on the way."""
    duplicates: int = 0
    malformed: int = 0
    clock: ClockTally = Field(default_factory=ClockTally)
    outages: list[Outage] = Field(default_factory=list)
    outages_left_out: int = 0

    def add_outage(self, outage: Outage) -> None:
        """Keeps it, or only counts it where there are many."""
        if len(self.outages) < MAX_OUTAGES:
            self.outages.append(outage)
        else:
            self.outages_left_out += 1
