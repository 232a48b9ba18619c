"""What runs in a jail can reach nothing but the proxy's socket, and nothing of it stays, whoever is killed."""

import asyncio
import json
import os
import resource
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from reelkit.page.errors import BrowserNotStarted, JailFailed, NoSlot
from reelkit.page.jail import Jail
from reelkit.page.limits import Limits
from reelkit.page.sandbox import Sandbox
from reelkit.page.watch import Limit, Watcher
from reelkit.process import ChildProcess, wait_until
from tests.page.jails import PYTHON, jail_directory, python_jail, run, told
from tests.patience import PATIENCE_S
from tests.processes import is_running

TWO = range(65_530, 65_532)
"""None that a browser of a test beside this one may have."""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a browser a user of its own")


@AS_ROOT
async def test_it_runs_as_nobody_with_no_rights() -> None:
    code = (
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "answer({'ids': [os.getresuid(), os.getresgid()], 'groups': os.getgroups(), 'env': dict(os.environ),\n"
        "        'status': {name: status[name].split() for name in ('CapEff', 'CapPrm', 'NoNewPrivs')},\n"
        "        'files': sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:-1], 'cwd': os.getcwd(),\n"
        "        'session': os.getsid(0) == os.getpid()})\n"
        "import time; time.sleep(600)"
    )
    with jail_directory() as directory:
        async with python_jail(directory) as jail:
            answer = await told(jail, code)
            user_id = jail.confinement.user_id
            assert jail.confinement.own_user
            assert user_id not in {0, os.getuid()}
            assert jail.profile.stat().st_uid == user_id
            assert jail.profile.stat().st_mode & 0o777 == 0o700
            assert answer["ids"] == [[user_id] * 3] * 2
            assert answer["groups"] == []
            assert answer["status"] == {"CapEff": ["0" * 16], "CapPrm": ["0" * 16], "NoNewPrivs": ["1"]}
            assert answer["env"].items() >= {"ONLY": "this"}.items()
            assert not {"HOME", "PATH", "USER"} & set(answer["env"])
            # Input, output, errors and the pipe.
            assert answer["files"] == [0, 1, 2, 3, 4]
            assert answer["cwd"] == str(jail.profile)
            assert answer["session"]


async def test_its_processes_are_bounded() -> None:
    limits = Limits(file_bytes=1 << 20, open_files=100, tasks=200)
    names = ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC")
    code = f"import resource; answer([resource.getrlimit(getattr(resource, name)) for name in {names}])"
    with jail_directory() as directory:
        async with python_jail(directory, limits) as jail:
            core, file_size, files, tasks = await told(jail, code)
            assert (core, file_size, files) == ([0, 0], [1 << 20] * 2, [100, 100])
            if jail.confinement.own_user:
                assert tasks == [200, 200]
            assert resource.getrlimit(resource.RLIMIT_NOFILE) != (100, 100)


async def test_its_network_leads_nowhere_and_all_that_answers_there_is_the_proxys_socket() -> None:
    code = """
import socket
def attempt(host, port):
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            return connection.recv(9).decode()
    except OSError as error:
        return type(error).__name__
names = [line.split(':')[0].strip() for line in list(open('/proc/self/net/dev'))[2:]]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    udp.sendto(b'x', ('198.51.100.1', 53)); sent = 'sent'
except OSError as error:
    sent = type(error).__name__
there = [('127.0.0.1', PROXY), ('127.0.0.1', OURS), ('::1', OURS), ('10.77.0.1', OURS), ('198.51.100.1', 80)]
answer([names, *(attempt(*place) for place in there), sent])
"""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"the proxy")
        writer.close()

    with jail_directory() as directory, socket.create_server(("", 0)) as ours:
        async with python_jail(directory) as jail:
            if not jail.confinement.own_network:
                pytest.skip(f"the kernel gives no network of its own: {jail.confinement.without}")
            server = await asyncio.start_server(serve, sock=jail.listener.dup())
            async with server:
                ports = {"PROXY": jail.listener.getsockname()[1], "OURS": ours.getsockname()[1]}
                for name, port in ports.items():
                    code = code.replace(name, str(port))
                names, proxy, *others, sent = await told(jail, code)
            assert proxy == "the proxy"
            # Some kernels put sleeping ends of tunnels into every network.
            assert {"lo", "nowhere"} <= set(names)
            assert set(names) <= {"lo", "nowhere", "veth0", "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0"}
            assert others == ["ConnectionRefusedError", "ConnectionRefusedError", "OSError", "OSError"]
            assert sent == "OSError"


async def test_two_jails_share_no_user_and_no_directory() -> None:
    with jail_directory() as directory:
        async with python_jail(directory) as one, python_jail(directory) as other:
            assert one.profile != other.profile
            if one.confinement.own_user:
                assert one.confinement.user_id != other.confinement.user_id
            if one.confinement.own_network:
                assert await told(one, "answer(os.readlink('/proc/self/ns/net'))") != await told(
                    other, "answer(os.readlink('/proc/self/ns/net'))"
                )


async def test_when_all_users_are_taken_nobody_else_comes_in_until_one_has_left() -> None:
    with jail_directory() as directory:
        async with Jail(directory, binary=PYTHON, numbers=TWO):
            async with Jail(directory, binary=PYTHON, numbers=TWO) as second:
                with pytest.raises(NoSlot):
                    await Jail(directory, binary=PYTHON, numbers=TWO).__aenter__()
            async with Jail(directory, binary=PYTHON, numbers=TWO) as jail:
                assert jail.profile == second.profile


@AS_ROOT
async def test_a_directory_that_others_cannot_enter_is_an_error_that_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(JailFailed, match="cannot enter"):
        await python_jail(tmp_path / "pages").__aenter__()
    assert list((tmp_path / "pages").iterdir()) == []


async def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JailFailed, match="a directory they can write in"):
        await python_jail(tmp_path / "file" / "pages").__aenter__()


async def test_a_program_that_cannot_be_executed_ends_at_once() -> None:
    with jail_directory() as directory:
        async with Jail(directory, binary=Path("/does/not/exist")) as jail:
            os.close(run(jail, ""))
            ended = await asyncio.wait_for(jail.exited, PATIENCE_S)
            assert ended.code == 125


async def test_after_the_end_nothing_can_be_started() -> None:
    with jail_directory() as directory:
        async with python_jail(directory) as jail:
            os.kill(jail.pid, signal.SIGKILL)
            ended = await asyncio.wait_for(jail.exited, PATIENCE_S)
            assert (ended.signal, str(ended)) == (signal.SIGKILL, "signal SIGKILL")
            with pytest.raises(BrowserNotStarted):
                jail.start([], {}, 0, 1)


async def test_it_tells_how_the_program_ended_and_what_it_wrote_last() -> None:
    with jail_directory() as directory:
        async with python_jail(directory) as jail:
            code = (
                "for n in range(100): print('line', n, file=sys.stderr)\n"
                "print('x' * 99_999, file=sys.stderr)\n"
                "sys.exit(7)"
            )
            os.close(run(jail, code))
            ended = await asyncio.wait_for(jail.exited, PATIENCE_S)
            assert (ended.code, ended.signal, str(ended)) == (7, None, "exit code 7")
        assert "line 99" in jail.stderr_tail
        assert len(jail.stderr_tail) <= 50


# It ignores what can be ignored, leaves its group and its session, and lets its parents end.
HIDING = """
import signal, time
for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(signum, signal.SIG_IGN)
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        os.write(write, str(os.getpid()).encode())
        time.sleep(600)
    os._exit(0)
answer([os.getpid(), int(os.read(read, 99))])
time.sleep(600)
"""


async def all_gone(pids: list[int]) -> None:
    """Waits until the processes have ended; one whose parent ended may have to be collected by the machine's first."""

    async def gone() -> bool:
        return not any(is_running(pid) for pid in pids)

    await wait_until(gone, timeout_s=PATIENCE_S)


async def test_nothing_stays_however_it_hides() -> None:
    with jail_directory() as directory:
        async with python_jail(directory) as jail:
            pids = await told(jail, HIDING)
            groups = list(jail.confinement.cgroup.directories.values())
            assert all(map(psutil.pid_exists, pids))
            assert all(group.is_dir() for group in groups)
            await jail.stop(patience_s=0.05)
            assert jail.exited.result().signal == signal.SIGKILL
            assert not any(map(psutil.pid_exists, pids))
            assert not any(group.exists() for group in groups)


async def test_one_that_ends_when_it_is_asked_to_is_not_killed() -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\nanswer('ready')\ntime.sleep(600)"
    )
    with jail_directory() as directory:
        async with python_jail(directory) as jail:
            assert await told(jail, code) == "ready"
            await jail.stop(patience_s=30)
            assert jail.exited.result().code == 3


async def test_what_outlives_the_program_ends_with_it() -> None:
    with jail_directory() as directory:
        async with python_jail(directory) as jail:
            pids = await told(jail, HIDING)
            os.kill(pids[0], signal.SIGKILL)
            assert (await asyncio.wait_for(jail.exited, PATIENCE_S)).signal == signal.SIGKILL
            await all_gone(pids)


async def test_a_killed_keeper_takes_all_with_it_and_the_worker_removes_the_rest() -> None:
    with jail_directory() as directory:
        async with python_jail(directory) as jail:
            pids = await told(jail, HIDING)
            groups = list(jail.confinement.cgroup.directories.values())
            os.kill(jail.keeper_pid, signal.SIGKILL)
            assert (await asyncio.wait_for(jail.exited, PATIENCE_S)).status is None
        assert not any(group.exists() for group in groups)
        # Without a user or a cgroup, one that left its group and its parent could be anybody's.
        if jail.confinement.own_user or groups:
            await all_gone(pids)


async def test_a_killed_worker_leaves_nothing() -> None:
    code = f"""
import asyncio, json, sys
from pathlib import Path
from tests.page.jails import python_jail, told
async def main():
    async with python_jail(Path(sys.argv[1])) as jail:
        pids = [jail.keeper_pid, *await told(jail, {HIDING!r})]
        groups = [str(group) for group in jail.confinement.cgroup.directories.values()]
        print(json.dumps({{"pids": pids, "groups": groups}}), flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""
    lines: list[str] = []
    with jail_directory() as directory:
        argv = [sys.executable, "-c", code, str(directory)]
        async with ChildProcess(argv, name="worker", on_stdout=lines.append) as worker:

            async def started() -> bool:
                return bool(lines) and lines[-1].startswith("{")

            await wait_until(started, timeout_s=PATIENCE_S)
            worker.send_signal(signal.SIGKILL)
        told_last = json.loads(lines[-1])

        async def removed() -> bool:
            return not list(directory.iterdir()) and not any(Path(group).exists() for group in told_last["groups"])

        await wait_until(removed, timeout_s=PATIENCE_S)
        await all_gone(told_last["pids"])


async def test_a_full_cgroup_ends_one_that_takes_too_much() -> None:
    with jail_directory() as directory:
        async with python_jail(directory, Limits(memory_bytes=64 << 20)) as jail:
            if "memory" not in jail.confinement.cgroup.directories:
                pytest.skip(f"the kernel bounds no memory: {jail.confinement.without}")
            os.close(run(jail, "kept = [b'x' * (1 << 20) for _ in range(1_000)]"))
            ended = await asyncio.wait_for(jail.exited, PATIENCE_S)
            assert (ended.signal, ended.out_of_memory) == (signal.SIGKILL, True)
            told_of: list[Limit] = []
            await Watcher(jail, told_of.append).look()
            assert told_of == ["memory"]


async def test_it_cannot_have_more_tasks_than_it_may() -> None:
    code = """
import threading, time
count = 1
try:
    while count < 500:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start(); count += 1
except RuntimeError: pass
answer(count)
os._exit(0)
"""
    with jail_directory() as directory:
        async with python_jail(directory, Limits(tasks=20)) as jail:
            if not jail.confinement.own_user and "pids" not in jail.confinement.cgroup.directories:
                pytest.skip(f"the kernel bounds no tasks: {jail.confinement.without}")
            assert 5 < await told(jail, code) <= 20


async def in_a_worker(directory: Path, *wrapper: str) -> dict[str, object]:
    """What a jail is made of in a process with fewer rights than this one, started by ``wrapper``."""
    code = """
import asyncio, json, sys
from pathlib import Path
from reelkit.page.jail import Jail
from tests.page.jails import PYTHON, told
async def main():
    async with Jail(Path(sys.argv[1]), binary=PYTHON) as jail:
        connected = await told(jail, "import socket; socket.create_connection(('127.0.0.1', %d)).close(); answer(True)"
            % jail.listener.getsockname()[1])
        described = {**jail.confinement.described(), "connected": connected}
    print(json.dumps(described))
asyncio.run(main())
"""
    lines: list[str] = []
    errors: list[str] = []
    argv = [*wrapper, sys.executable, "-c", code, str(directory)]
    async with ChildProcess(argv, name="worker", on_stdout=lines.append, on_stderr=errors.append) as worker:
        status = await worker.wait()
    assert status == 0, "\n".join(errors)
    described: dict[str, object] = json.loads(lines[-1])
    assert not errors, "\n".join(errors)
    return described


@AS_ROOT
async def test_without_root_it_has_a_network_and_a_sandbox_by_user_namespaces() -> None:
    with jail_directory() as directory:
        described = await in_a_worker(directory, "unshare", "--user", "--map-user=1000", "--map-group=1000")
        assert described["own_user"] is False
        assert described["user_id"] == 1000
        assert described["own_network"] is True
        assert described["sandbox"] == Sandbox.NAMESPACES
        assert described["connected"] is True
        assert "user: the worker is not root" in str(described["without"])


@AS_ROOT
async def test_root_without_rights_has_a_user_and_the_network_that_user_can_have() -> None:
    with jail_directory() as directory:
        described = await in_a_worker(directory, "setpriv", "--bounding-set=-sys_admin")
        assert described["own_user"] is True
        assert described["own_network"] is True
        assert described["connected"] is True


@AS_ROOT
async def test_where_the_kernel_forbids_everything_it_says_so() -> None:
    with jail_directory() as directory:
        forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-sys_admin "$@"'
        described = await in_a_worker(directory, "unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh")
        assert described["own_user"] is False
        assert described["own_network"] is False
        assert described["no_new_privileges"] is False
        assert described["sandbox"] == Sandbox.NONE
        # The proxy's socket is the worker's neighbour then.
        assert described["connected"] is True
        assert all(part in str(described["without"]) for part in ("user: ", "network: ", "sandbox: "))
