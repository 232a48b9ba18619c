"""Times, durations and sizes as people read and write them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import typer

from reelkit.commands import formats
from reelkit.commands.errors import WrongUsage
from reelkit.commands.moments import moment, seconds

NOW = datetime(2026, 11, 29, 16, 46, tzinfo=UTC)


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    """Local time is India's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2026-11-29T16:46:05.123Z", "Nov 29 22:16"),
        ("2026-02-03T00:00:00Z", "Feb  3 05:30"),
        ("2025-02-03T00:00:00Z", "Feb  3  2025"),
        ("soon", "soon"),
        (None, ""),
    ],
)
def test_times_are_local(written: object, shown: str) -> None:
    assert formats.local_time(written, NOW) == shown


@pytest.mark.parametrize(("amount", "shown"), [(0, "0:00"), (61.9, "1:01"), (3600, "1:00:00"), (None, ""), ("x", "x")])
def test_durations(amount: object, shown: str) -> None:
    assert formats.duration(amount) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (123_456_789, "123 MB"), (None, "")],
)
def test_sizes(amount: object, shown: str) -> None:
    assert formats.size(amount) == shown


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    assert formats.text("a\x1b[31mb\nc") == "a�[31mb c"
    assert formats.text(True) == "yes"


@pytest.mark.parametrize(("written", "meant_s"), [("90", 90), ("1m30s", 90), ("1.5h", 5400), ("30D", 2_592_000)])
def test_durations_that_people_write(written: str, meant_s: float) -> None:
    assert seconds(written) == meant_s


@pytest.mark.parametrize("written", ["", "soon", "5x", "-5", "9" * 400])
def test_what_is_no_duration(written: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no duration"):
        seconds(written)


def test_times_that_people_write() -> None:
    assert moment("--since", "2d", ahead=False, now=NOW) == "2026-11-27T16:46:00.000Z"
    assert moment("--expires", "1h", ahead=True, now=NOW) == "2026-11-29T17:46:00.000Z"
    assert moment("--since", "2026-11-29", ahead=False) == "2026-11-28T18:30:00.000Z"
    assert moment("--since", "2026-11-29T12:00:00Z", ahead=False) == "2026-11-29T12:00:00.000Z"
    assert moment("--since", None, ahead=False) is None
    for wrong in ("yesterday", "30", "999999999w"):
        with pytest.raises(WrongUsage, match=r"--since: .* is no time"):
            moment("--since", wrong, ahead=False)
