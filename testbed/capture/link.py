"""What a network does to the packets of one stream."""

import heapq
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from testbed.capture.spec import Link

SWAP_S = 0.03
"""A swapped packet is so late: more than the distance of two audio packets."""
DUPLICATE_S = 0.01


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet of a stream. Times are on the timeline's clock; counters are endless and begin at 0."""

    sent_s: float
    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    extensions: dict[int, bytes]
    arrival_s: float = 0.0


def deliver(packets: Iterable[Sent], link: Link, seed: str) -> Iterator[Sent]:
    """The packets that arrive, in order of arrival. The same seed gives the same."""
    draw = random.Random(seed)
    queue: list[tuple[float, int, Sent]] = []
    last_s = float("-inf")
    count = 0
    for packet in packets:
        way_s = link.delay_s + (draw.expovariate(1 / link.jitter_s) if link.jitter_s else 0.0)
        last_s = max(last_s, _released(packet.sent_s, link) + way_s)
        while queue and queue[0][0] <= last_s:
            yield heapq.heappop(queue)[2]
        if any(gap.holds(packet.sent_s) for gap in link.gaps):
            continue
        if link.loss and draw.random() < link.loss:
            continue
        arrivals = [last_s]
        if link.late and draw.random() < link.late:
            arrivals = [last_s + draw.uniform(*link.late_s)]
        elif link.swapped and draw.random() < link.swapped:
            arrivals = [last_s + SWAP_S]
        if link.duplicated and draw.random() < link.duplicated:
            arrivals.append(arrivals[0] + DUPLICATE_S)
        for arrival_s in arrivals:
            heapq.heappush(queue, (arrival_s, count, replace(packet, arrival_s=arrival_s)))
            count += 1
    while queue:
        yield heapq.heappop(queue)[2]


def _released(sent_s: float, link: Link) -> float:
    """When the network takes the packet: at once but for stalls."""
    return next((stall.stop_s for stall in link.stalls if stall.holds(sent_s)), sent_s)
