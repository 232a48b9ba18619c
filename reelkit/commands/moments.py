"""Times and durations as people write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from reelkit.clock import iso_ms
from reelkit.commands.errors import WrongUsage

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_DURATION = re.compile(rf"{_NUMBER}|(?:{_NUMBER}[smhdw])+")
_PART = re.compile(rf"({_NUMBER})([smhdw]?)")


def seconds(written: str) -> float:
    """``90``, ``90s``, ``1m30s``, ``2h``, ``30d`` in seconds. Raises BadParameter, which typer tells."""
    cleaned = written.strip().lower()
    if _DURATION.fullmatch(cleaned) is None:
        raise typer.BadParameter(f"{written!r} is no duration: write 90, 30s, 5m, 1h30m or 30d")
    return sum(float(amount) * _UNITS_S[unit or "s"] for amount, unit in _PART.findall(cleaned))


def moment(option: str, written: str | None, *, ahead: bool, now: datetime | None = None) -> str | None:
    """A time in ISO 8601, UTC: ``written`` is one, in local time where it names no zone, or a duration such as ``30d``
    before now, or after it if ``ahead``. Raises WrongUsage naming ``option``."""
    if written is None:
        return None
    present = now or datetime.now(UTC)
    try:
        if _DURATION.fullmatch(written.strip().lower()) and not written.strip().isdigit():
            length = timedelta(seconds=seconds(written))
            found = present + length if ahead else present - length
        else:
            found = datetime.fromisoformat(written.strip())
        return iso_ms(found)
    except (ValueError, OverflowError) as error:
        raise WrongUsage(f"{option}: {written!r} is no time: write 2026-01-31, 2026-01-31T18:00 or 30d") from error


SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Not before; 2026-01-31T18:00, or 2d.")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Not after; likewise.")]
