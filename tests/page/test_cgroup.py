"""Bounds that the kernel keeps. Version 2 is checked on real groups as far as this machine has it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelkit.page.cgroup import Cgroup
from reelkit.page.hierarchies import UNIFIED, own_groups
from reelkit.page.limits import Limits

NAME = f"reelkit-test-{os.getpid()}"
LIMITS = Limits(memory_bytes=200 << 20, tasks=50, cpus=1.5)


@pytest.fixture
def cgroup() -> Iterator[Cgroup]:
    made = Cgroup.create(NAME, LIMITS)
    if not made.directories:
        pytest.skip(f"no groups can be made here: {made.without}")
    yield made
    made.kill()
    assert made.remove()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        yield process
        process.kill()


def contents(directory: Path) -> dict[str, str]:
    return {file.name: file.read_text().strip() for file in directory.iterdir() if file.is_file()}


def test_the_kernel_knows_the_bounds(cgroup: Cgroup) -> None:
    bounds = {
        "memory": {"memory.max": str(200 << 20), "memory.limit_in_bytes": str(200 << 20)},
        "pids": {"pids.max": "50"},
        "cpu": {"cpu.max": "150000 100000", "cpu.cfs_quota_us": "150000", "cpu.cfs_period_us": "100000"},
    }
    for controller, directory in cgroup.directories.items():
        there = {name: value for name, value in bounds[controller].items() if (directory / name).exists()}
        assert there
        for name, value in there.items():
            assert (directory / name).read_text().strip() == value


def test_its_members_are_counted_killed_and_gone(cgroup: Cgroup, sleeper: subprocess.Popen[bytes]) -> None:
    for directory in cgroup.directories.values():
        (directory / "cgroup.procs").write_text(str(sleeper.pid))
    assert cgroup.pids() == {sleeper.pid}
    assert cgroup.remove() is False
    assert Cgroup.existing(NAME).pids() == {sleeper.pid}
    if "memory" in cgroup.directories:
        assert (cgroup.memory_bytes() or 0) >= 0
        assert cgroup.out_of_memory() == 0
    # Nobody else can have a group in which something runs.
    other = Cgroup.create(NAME, LIMITS)
    assert not other.directories
    assert all(": " in reason for reason in other.without)
    cgroup.kill()
    assert sleeper.wait(10) == -signal.SIGKILL
    assert cgroup.pids() == set()


def test_version_2_is_told_the_same(tmp_path: Path) -> None:
    # Files that are none of the kernel's show what it would be told.
    (tmp_path / "cgroup.subtree_control").write_text("memory")
    cgroup = Cgroup.create(NAME, LIMITS, {UNIFIED: tmp_path})
    assert cgroup.unified
    assert set(cgroup.directories) == {"memory", "pids", "cpu"}
    assert set(cgroup.directories.values()) == {tmp_path / NAME}
    assert contents(tmp_path / NAME) == {
        "memory.max": str(200 << 20),
        "pids.max": "50",
        "cpu.weight": "400",
        "cpu.max": "150000 100000",
    }
    (tmp_path / NAME / "memory.current").write_text("5000000\n")
    (tmp_path / NAME / "memory.stat").write_text("anon 1\ninactive_file 1000000\n")
    (tmp_path / NAME / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    assert cgroup.memory_bytes() == 4_000_000
    assert cgroup.out_of_memory() == 2


def test_version_2_kills_a_group_at_once(sleeper: subprocess.Popen[bytes]) -> None:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    roots = [Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"]
    if not roots or os.geteuid() != 0:
        pytest.skip("there is no version 2 that can be written to")
    directory = roots[0] / NAME
    directory.mkdir()
    cgroup = Cgroup({UNIFIED: directory}, unified=True)
    try:
        (directory / "cgroup.procs").write_text(str(sleeper.pid))
        assert cgroup.pids() == {sleeper.pid}
        cgroup.kill()
        assert sleeper.wait(10) == -signal.SIGKILL
    finally:
        assert cgroup.remove()
    assert cgroup.remove()


def test_without_hierarchies_it_says_what_is_missing() -> None:
    cgroup = Cgroup.create(NAME, LIMITS, {})
    assert cgroup.directories == {}
    assert [reason.split(":")[0] for reason in cgroup.without] == ["memory", "pids", "cpu"]
    assert cgroup.memory_bytes() is None
    assert (cgroup.pids(), cgroup.out_of_memory(), cgroup.remove()) == (set(), 0, True)


def test_this_process_finds_itself_in_its_own_groups() -> None:
    for directory in own_groups().values():
        assert str(os.getpid()) in (directory / "cgroup.procs").read_text().split()
