"""The process that becomes the browser: it locks itself in, tells what of it worked, and executes Chromium when told.

It runs in a child of the keeper. What it reads comes from the worker, so nothing here has to be guarded against pages.
"""

import fcntl
import json
import os
import resource
import signal
import socket
from collections.abc import Callable
from typing import NoReturn

from reelkit.page.cgroup import Cgroup
from reelkit.page.confinement import Confinement, Order
from reelkit.page.interfaces import lead_nowhere
from reelkit.page.linux import die_with_parent, gain_no_privileges, own_proc_files
from reelkit.page.netns import enter_network, enter_network_and_users, listen
from reelkit.page.sandbox import Sandbox, probe

MESSAGE_BYTES = 1 << 17
CDP_READ_FD, CDP_WRITE_FD = 3, 4
"""Where Chromium expects its pipe."""
_PRIVATE = 0o077
_STATUS_FAILED = 125


def run(channel: socket.socket, order: Order, cgroup: Cgroup) -> NoReturn:
    """Never returns: it ends as Chromium, or after telling why not."""
    keeper_pid = os.getppid()
    try:
        os.setsid()
        confinement, listener = _locked_in(order, cgroup)
        if not os.access(order.profile, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(f"user {os.getuid()} cannot enter {order.profile}: a directory above it is closed")
        ready = json.dumps({"pid": os.getpid(), "confinement": confinement.to_json()})
        socket.send_fds(channel, [ready.encode()], [listener.fileno()])
        # The listening socket is the worker's alone.
        listener.close()
        _execute(channel, order, keeper_pid)
    except (OSError, ValueError) as error:
        channel.send(json.dumps({"error": str(error)}).encode())
    finally:
        os._exit(_STATUS_FAILED)


def _locked_in(order: Order, cgroup: Cgroup) -> tuple[Confinement, socket.socket]:
    without: list[str] = list(cgroup.without)
    try:
        cgroup.enter()
    except OSError as error:
        without.append(f"cgroup: {error.strerror}")
        cgroup = Cgroup({}, cgroup.unified)
    _bound_process(order)
    # As root first, whose right to do so goes with the user; then as anybody may on most machines.
    own_network = os.geteuid() == 0 and _own_network(enter_network, [])
    own_user = _own_user(order, without)
    own_network = own_network or _own_network(enter_network_and_users, without)
    sandbox = probe(order.binary)
    if sandbox in {Sandbox.NONE, Sandbox.UNKNOWN}:
        without.append("sandbox: this user may not make user namespaces")
    if sandbox is Sandbox.NAMESPACES:
        # The helper program would be refused its rights; namespaces need none.
        gain_no_privileges()
    confinement = Confinement(
        user_id=os.getuid(),
        own_user=own_user,
        own_network=own_network,
        sandbox=sandbox,
        no_new_privileges=sandbox is Sandbox.NAMESPACES,
        cgroup=cgroup,
        without=tuple(without),
    )
    return confinement, listen()


def _bound_process(order: Order) -> None:
    os.umask(_PRIVATE)
    for what, most in (
        # Pages' memory belongs on no disk.
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, order.limits.file_bytes),
        (resource.RLIMIT_NOFILE, order.limits.open_files),
    ):
        _, hard = resource.getrlimit(what)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


def _own_network(enter: Callable[[], None], without: list[str]) -> bool:
    try:
        enter()
    except OSError as error:
        without.append(f"network: {error.strerror}")
        return False
    try:
        lead_nowhere()
    except OSError as error:
        without.append(f"navigator.onLine: {error.strerror}")
    return True


def _own_user(order: Order, without: list[str]) -> bool:
    if os.geteuid() != 0:
        without.append("user: the worker is not root")
        return False
    if order.profile.stat().st_uid != order.number:
        without.append("user: the worker may not give files away, or the id does not exist here")
        return False
    try:
        _become(order.number, order.limits.tasks)
    except OSError as error:
        without.append(f"user: {error.strerror}")
        return False
    return True


def _become(number: int, tasks: int) -> None:
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
    # It counts all that this user runs, which is this browser.
    resource.setrlimit(resource.RLIMIT_NPROC, (tasks, tasks))
    own_proc_files()


def _execute(channel: socket.socket, order: Order, keeper_pid: int) -> None:
    """Returns if the worker has gone."""
    message, fds, _, _ = socket.recv_fds(channel, MESSAGE_BYTES, 2)
    if not message:
        return
    command = json.loads(message)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        # What is ignored stays ignored in the next program.
        signal.signal(signum, signal.SIG_DFL)
    os.chdir(order.profile)
    _place(fds)
    # After the last change of user: that would take it back.
    die_with_parent()
    if os.getppid() != keeper_pid:
        return
    os.execve(order.binary, command["argv"], command["env"])  # noqa: S606 - no shell is meant


def _place(fds: list[int]) -> None:
    """Puts the pipe where Chromium looks for it. All other descriptors close by themselves."""
    # Out of the way first: one may have the other's number.
    source, sink = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, CDP_WRITE_FD + 1) for fd in fds)
    os.dup2(source, CDP_READ_FD)
    os.dup2(sink, CDP_WRITE_FD)
