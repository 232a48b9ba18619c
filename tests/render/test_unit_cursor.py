import math
from pathlib import Path

import pytest

from reelkit.render.unit_cursor import READ_AHEAD_S, UnitCursor
from testbed.capture import ZERO_S, write_capture
from tests.render.captures import CAMERA_MINDEX, EXTMAP, one_camera


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = write_capture(one_camera(20.0), tmp_path_factory.mktemp("cursor"))
    return next((directory / "rtp").glob(f"*-video-{CAMERA_MINDEX}.mjr"))


@pytest.fixture
def cursor(file: Path, monkeypatch: pytest.MonkeyPatch) -> UnitCursor:
    """A cursor at the beginning of the file, which is read in small blocks."""
    monkeypatch.setattr("reelkit.capture.mjr.BLOCK_BYTES", 1 << 12)
    cursor = UnitCursor(file, "vp8", EXTMAP, ZERO_S)
    cursor.read(math.inf)
    return cursor


def test_units_come_one_after_the_other(cursor: UnitCursor) -> None:
    taken = []
    while (unit := cursor.peek(ZERO_S + 20)) is not None:
        assert cursor.peek(ZERO_S + 20) is unit
        assert cursor.next_index == unit.index
        cursor.take()
        taken.append(unit.index)

    assert taken == list(range(600))


def test_it_reads_a_little_ahead_and_no_more(cursor: UnitCursor) -> None:
    assert cursor.peek(ZERO_S) is not None
    for _ in range(50):
        cursor.read(math.inf)

    assert ZERO_S + 1 < cursor.held_until_s < ZERO_S + READ_AHEAD_S + 3


def test_only_keyframes_give_a_state(cursor: UnitCursor, file: Path) -> None:
    states = {}
    while (unit := cursor.peek(ZERO_S + 5)) is not None and unit.index < 130:
        state = cursor.take()
        assert (state is not None) is unit.keyframe
        if state is not None:
            states[unit.index] = state
    assert {60, 120} <= set(states)
    again = UnitCursor(file, "vp8", EXTMAP, ZERO_S, states[60])
    again.read(math.inf)
    unit = again.peek(ZERO_S + 2)

    assert unit is not None
    assert (unit.index, unit.keyframe) == (60, True)


def test_a_missing_file_has_no_units(tmp_path: Path) -> None:
    cursor = UnitCursor(tmp_path / "missing.mjr", "vp8", EXTMAP, ZERO_S)
    cursor.read(math.inf)

    assert cursor.peek(ZERO_S) is None
    assert cursor.held_until_s == -math.inf
