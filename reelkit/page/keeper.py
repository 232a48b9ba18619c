"""The process between a worker and its browser, which outlives both: whoever dies, it ends the rest and cleans up.

It is no part of the browser's jail and keeps the worker's rights. Every process that the browser starts becomes its
child at the latest when its own parent ends, so that it knows when none is left. It ends when the worker closes the
socket it is told through, also by dying.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from enum import Enum, auto

from reelkit.page import inmate
from reelkit.page.cgroup import Cgroup
from reelkit.page.confinement import Order
from reelkit.page.leftovers import end_all, remove_all
from reelkit.page.linux import adopt_orphans
from reelkit.page.processes import descendants

_ROUND_S = 0.01
_END_TIMEOUT_S = 5.0
"""SIGKILL takes that long only if the machine does."""
_WAKING_BYTES = 4_096


class _Reason(Enum):
    """Why waiting is over."""

    ENDED = auto()
    STOP = auto()
    ALONE = auto()
    LATE = auto()


class Keeper:
    """Watches over the browser with process id ``pid``."""

    def __init__(self, control: socket.socket, order: Order, cgroup: Cgroup, pid: int, waking: socket.socket) -> None:
        self._control = control
        self._order = order
        self._cgroup = cgroup
        self._pid = pid
        self._waking = waking
        self._status: int | None = None
        self._told = False
        self._childless = False
        self._patience_s = 0.0
        """What the worker gives the browser to end by itself."""

    def run(self) -> bool:
        """Returns when nothing is left: true if that is so, false if something could not be ended or removed."""
        if self._wait(None) is _Reason.STOP:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)
            self._wait(time.monotonic() + self._patience_s)
        deadline_s = time.monotonic() + _END_TIMEOUT_S
        while not self._childless and time.monotonic() < deadline_s:
            end_all(self._order, self._cgroup, descendants(os.getpid()))
            self._reap()
            time.sleep(0 if self._childless else _ROUND_S)
        self._tell()
        return self._childless and remove_all(self._order, self._cgroup)

    def _wait(self, deadline_s: float | None) -> _Reason:
        """Until the browser ends, the worker says that it shall or goes, or the deadline has passed."""
        poll = select.poll()
        poll.register(self._waking, select.POLLIN)
        if deadline_s is None:
            poll.register(self._control, select.POLLIN)
        while True:
            self._reap()
            if self._status is not None:
                # Before anything else: the worker may be waiting for what the browser does.
                self._tell()
                return _Reason.ENDED
            wait_ms = None if deadline_s is None else max(0, round((deadline_s - time.monotonic()) * 1000))
            for fd, _ in poll.poll(wait_ms):
                if fd == self._waking.fileno():
                    with suppress(BlockingIOError):
                        self._waking.recv(_WAKING_BYTES)
                else:
                    return self._hear()
            if deadline_s is not None and time.monotonic() >= deadline_s:
                return _Reason.LATE

    def _hear(self) -> _Reason:
        try:
            message = self._control.recv(inmate.MESSAGE_BYTES)
        except OSError:
            message = b""
        if not message:
            return _Reason.ALONE
        self._patience_s = float(json.loads(message)["stop_s"])
        return _Reason.STOP

    def _tell(self) -> None:
        if self._status is not None and not self._told:
            self._told = True
            told = {"status": self._status, "out_of_memory": self._cgroup.out_of_memory() > 0}
            # The worker may have gone.
            with suppress(OSError):
                self._control.send(json.dumps(told).encode())

    def _reap(self) -> None:
        """Takes note of children that have ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._childless = True
                return
            if pid == 0:
                return
            if pid == self._pid:
                self._status = os.waitstatus_to_exitcode(status)


def main() -> None:
    """The arguments are the order and the descriptors of the two sockets and of the slot's lock."""
    order = Order.from_json(sys.argv[1])
    fds = [int(argument) for argument in sys.argv[2:]]
    for fd in fds:
        os.set_inheritable(fd, False)
    # The thread of the worker that started this may go before others; browsers do not.
    os.setpriority(os.PRIO_PROCESS, 0, max(0, os.getpriority(os.PRIO_PROCESS, 0)))
    # The lock is held as long as this process lives.
    control, channel = (socket.socket(fileno=fd) for fd in fds[:2])
    # The worker alone decides when this ends, also if somebody signals a whole group.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    adopt_orphans()
    cgroup = Cgroup.create(order.group_name, order.limits, order.group_parents)
    pid = os.fork()
    if pid == 0:
        inmate.run(channel, order, cgroup)
    channel.close()
    waking, woken = socket.socketpair()
    waking.setblocking(False)
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    sys.exit(0 if Keeper(control, order, cgroup, pid, waking).run() else 1)


if __name__ == "__main__":
    main()
