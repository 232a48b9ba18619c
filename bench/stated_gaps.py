"""Whether a recording's integrity record states the time in which Janus was down, and no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RECOGNISED_S = 1.0
"""The gap begins so soon after the kill, when the server noticed."""
RETURN_S = 2.0
"""And ends at most so long after the first one is back and sends."""
_REASON = "sfu_restarted"


@dataclass(frozen=True)
class Down:
    """Janus was killed at ``from_s`` and somebody's media came again from about ``until_s`` on (None: never)."""

    from_s: float
    until_s: float | None


def gap_faults(integrity: Mapping[str, Any], downs: Sequence[Down], stopped_s: float) -> list[str]:
    """Sentences; wall-clock times throughout. Pauses are none of its business."""
    entries = [gap for gap in integrity.get("gaps", {}).get("entries", []) if gap["in_film"]]
    faults: list[str] = []
    for down in downs:
        stated = next((gap for gap in entries if -0.1 <= gap["wall_s"] - down.from_s <= RECOGNISED_S), None)
        if stated is None:
            faults.append("a kill of Janus is not among the stated gaps")
            continue
        entries.remove(stated)
        if stated["reason"] != _REASON:
            faults.append(f"the gap of a kill of Janus has the reason {stated['reason']}")
        end_s = stated["wall_s"] + stated["length_s"]
        until_s = stopped_s if down.until_s is None else down.until_s
        if not min(until_s, stopped_s) - RETURN_S <= end_s <= min(until_s + RETURN_S, stopped_s + 0.1):
            faults.append(f"a stated gap ends {end_s - until_s:+.2f} s from when media came again")
    faults += [f"a gap of {gap['length_s']:.2f} s ({gap['reason']}) is stated that was none" for gap in entries]
    return faults
