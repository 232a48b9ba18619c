"""Each browser has a number that no other has, as long as anything of it is there."""

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from reelkit.page.errors import NoSlot
from reelkit.page.slot import USER_IDS, Slot

NUMBERS = range(65_520, 65_530)
"""None that a browser of a test beside this one may have."""


def test_a_number_is_free_again_when_its_last_holder_has_gone(tmp_path: Path) -> None:
    one = Slot.take(tmp_path, NUMBERS)
    held_elsewhere = os.dup(one.lock_fd)
    one.close()
    other = Slot.take(tmp_path, NUMBERS)
    assert other.number != one.number
    os.close(held_elsewhere)
    again = Slot.take(tmp_path, NUMBERS)
    assert again.number == one.number
    for slot in (again, other):
        slot.release()
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_has_left_is_removed_when_the_number_is_taken_again(tmp_path: Path) -> None:
    slot = Slot.take(tmp_path, NUMBERS)
    (slot.profile / "data").mkdir()
    (slot.profile / "data" / "cache").write_bytes(b"x")
    slot.close()
    again = Slot.take(tmp_path, NUMBERS)
    assert again.profile == slot.profile
    assert list(again.profile.iterdir()) == []
    assert again.profile.stat().st_mode & 0o777 == 0o700
    again.release()


def test_there_are_no_more_than_there_are_numbers(tmp_path: Path) -> None:
    slots = [Slot.take(tmp_path, NUMBERS) for _ in NUMBERS]
    assert {slot.number for slot in slots} == set(NUMBERS)
    with pytest.raises(NoSlot):
        Slot.take(tmp_path, NUMBERS)
    for slot in slots:
        slot.release()


def test_two_directories_want_different_numbers(tmp_path: Path) -> None:
    slots = [Slot.take(tmp_path / str(n)) for n in range(5)]
    assert len({slot.number for slot in slots}) == 5
    for slot in slots:
        assert slot.number in USER_IDS
        slot.release()


def test_an_account_is_nobodys_slot(tmp_path: Path) -> None:
    accounts = [entry.pw_uid for entry in pwd.getpwall()]
    with pytest.raises(NoSlot):
        Slot.take(tmp_path, accounts)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process of another user")
def test_a_user_of_whom_something_runs_is_nobodys_slot(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "600"], user=NUMBERS[0], group=NUMBERS[0]) as running:
        try:
            with pytest.raises(NoSlot):
                Slot.take(tmp_path, NUMBERS[:1])
        finally:
            running.kill()
    Slot.take(tmp_path, NUMBERS[:1]).release()
