import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.process_trees import TreeMeter, tree_cpu_s
from reelkit.process import wait_until
from tests.patience import PATIENCE_S

BURN_S = 0.3
BURN = f"import time\nwhile time.process_time() < {BURN_S}: pass\nprint(flush=True)\ninput()"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])"


@pytest.fixture
def family() -> Iterator[subprocess.Popen[str]]:
    """A process with a child that has spent BURN_S and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        yield parent
        parent.communicate("\n", timeout=PATIENCE_S)


def test_counts_what_was_started_too(family: subprocess.Popen[str]) -> None:
    spent_s = tree_cpu_s(family.pid)

    assert len(spent_s) == 2
    assert sum(spent_s.values()) >= BURN_S * 0.9


def test_leaves_out_trees_that_count_for_themselves(family: subprocess.Popen[str]) -> None:
    child = next(pid for pid in tree_cpu_s(family.pid) if pid != family.pid)

    assert set(tree_cpu_s(family.pid, {child})) == {family.pid}


def test_a_process_that_is_gone_has_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    assert tree_cpu_s(process.pid) == {}


async def test_measures_between_entry_and_exit(family: subprocess.Popen[str]) -> None:
    with TreeMeter({"family": family.pid}) as meter:

        async def looked() -> bool:
            return "family" in meter.spent_s

        await wait_until(looked, timeout_s=PATIENCE_S)

    assert meter.spent_s["family"] < BURN_S / 2
