"""Ends all that runs in a slot and removes what is left of it.

The keeper does it as a rule. If somebody killed the keeper, the worker runs this module as a program of its own.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

from reelkit.page.cgroup import Cgroup
from reelkit.page.confinement import Order
from reelkit.page.processes import browsers_of

_ROUND_S = 0.01
_TIMEOUT_S = 5.0


def end_all(order: Order, cgroup: Cgroup, pids: Iterable[int]) -> None:
    """Sends SIGKILL to everything in the slot, and to ``pids``. Blocks for a few milliseconds."""
    cgroup.kill()
    if _has_own_user(order):
        end_user(order.number)
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _has_own_user(order: Order) -> bool:
    # Otherwise the number is just a number, and the user of that id somebody else.
    with suppress(OSError):
        return os.geteuid() == 0 and order.profile.stat().st_uid == order.number
    return False


def end_user(number: int) -> None:
    """Kills all processes of a user at once, so that none can fork away, by becoming that user."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setresgid(number, number, number)
            os.setresuid(number, number, number)
            # As another user this would end the whole machine.
            if os.getresuid() == (number, number, number) and number != 0:
                os.kill(-1, signal.SIGKILL)
        except OSError:
            # No such process, or no right to be that user: then nothing runs as it.
            os._exit(1)
        finally:
            os._exit(0)
    # SIGKILL does not reach its sender (kill(2)).
    os.waitpid(pid, 0)


def remove_all(order: Order, cgroup: Cgroup) -> bool:
    """Removes the directory, the bounds and, if nothing of these is left, the lock. Tells whether that is so."""
    deadline_s = time.monotonic() + _TIMEOUT_S
    # It does not follow links, so that nothing which a page has made leads out of it.
    with suppress(RecursionError):
        shutil.rmtree(order.profile, ignore_errors=True)
    while not (removed := cgroup.remove()) and time.monotonic() < deadline_s:
        # The last process is counted a moment longer than it can be seen.
        time.sleep(_ROUND_S)
    if order.profile.exists() or not removed:
        return False
    # Last: from now on the number may be another browser's.
    order.lock_path.unlink(missing_ok=True)
    return True


def main() -> None:
    """Cleans up one slot; the order is the only argument."""
    order = Order.from_json(sys.argv[1])
    cgroup = Cgroup.existing(order.group_name, order.group_parents)
    deadline_s = time.monotonic() + _TIMEOUT_S
    end_all(order, cgroup, ())
    while (left := browsers_of(order.profile)) and time.monotonic() < deadline_s:
        end_all(order, cgroup, left)
        time.sleep(_ROUND_S)
    sys.exit(0 if not left and remove_all(order, cgroup) else 1)


if __name__ == "__main__":
    main()
