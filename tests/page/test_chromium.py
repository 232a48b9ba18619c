"""A real Chromium: what it can reach, what it shows, how it starts and ends."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from reelkit.page.chromium import PageBrowser
from reelkit.page.errors import BrowserGone, BrowserNotStarted, CdpError
from reelkit.page.jail import Jail
from reelkit.page.processes import descendants
from reelkit.process import ChildProcess, wait_until
from tests.page.jails import jail_directory
from tests.page.proxies import AnsweringProxy, answering_proxy
from tests.patience import PATIENCE_S
from tests.processes import is_running

pytestmark = pytest.mark.e2e

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take its own rights away")
SPIN = "new Worker(URL.createObjectURL(new Blob(['for (;;);']))); setTimeout('for (;;);', 0)"
"""The page's two threads do nothing but run."""


@asynccontextmanager
async def a_browser(**options: Any) -> AsyncIterator[tuple[PageBrowser, Jail, AnsweringProxy]]:
    options = {"width_px": 640, "height_px": 360, **options}
    with jail_directory() as directory:
        async with (
            Jail(directory) as jail,
            answering_proxy(jail.listener) as proxy,
            PageBrowser(jail, **options) as browser,
        ):
            yield browser, jail, proxy


def namespace(pid: int, kind: str) -> str:
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())


def running(pids: set[int]) -> set[int]:
    """Those that have not ended; some are collected by the machine's first process in its own time."""
    return {pid for pid in pids if is_running(pid)}


async def none_left(pids: set[int], directory: Path) -> None:
    async def gone() -> bool:
        return not running(pids) and not list(directory.iterdir())

    await wait_until(gone, timeout_s=PATIENCE_S)


@pytest.mark.parametrize(("width_px", "height_px"), [(1280, 720), (720, 1280), (1920, 1080), (640, 360), (320, 240)])
async def test_the_page_has_exactly_its_size_and_knows_that_nobody_is_there(width_px: int, height_px: int) -> None:
    async with a_browser(width_px=width_px, height_px=height_px) as (browser, _, proxy):
        proxy.body = b"<!doctype html><body style='height: 9000px'>"
        await browser.page.call("Page.navigate", {"url": "http://page.test/"})
        size = "[innerWidth, innerHeight, document.documentElement.clientWidth, devicePixelRatio]"
        assert await browser.page.evaluate(size) == [width_px, height_px, width_px, 1]
        # Automated, and yet not offline.
        assert await browser.page.evaluate("[navigator.webdriver, navigator.onLine]") == [True, True]
        assert 0 < browser.stats.cdp_s < browser.stats.page_s < 30


async def test_its_pages_are_in_chromiums_own_sandbox_too() -> None:
    async with a_browser() as (browser, jail, _):
        await browser.page.call("Page.navigate", {"url": "chrome://sandbox"})

        async def judged() -> bool:
            return "adequately sandboxed" in str(await browser.page.evaluate("document.body?.innerText"))

        await wait_until(judged, timeout_s=PATIENCE_S)
        processes = (await browser.cdp.call("SystemInfo.getProcessInfo"))["processInfo"]
        renderers = {process["id"] for process in processes if process["type"] == "renderer"}
        assert renderers
        assert renderers <= descendants(jail.keeper_pid)
        for pid in renderers:
            status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            assert status["Seccomp"] == "2"
            assert namespace(pid, "user") != namespace(browser.pid, "user")
            assert namespace(pid, "pid") != namespace(browser.pid, "pid")


@AS_ROOT
async def test_it_runs_as_another_user_in_another_network() -> None:
    async with a_browser() as (browser, jail, _):
        pids = descendants(jail.keeper_pid)
        assert len(pids) > 5
        assert {psutil.Process(pid).uids().real for pid in pids} == {browser.confinement.user_id}
        assert browser.confinement.user_id != 0
        assert all(namespace(pid, "net") != namespace(os.getpid(), "net") for pid in pids)
        assert browser.confinement.described()["without"] == []


async def asked_of_the_proxy(browser: PageBrowser, port: int) -> None:
    """Tries to reach a server at ``port`` of this machine, and any machine, in all ways a page has."""
    page = browser.page
    await page.call("Page.navigate", {"url": "http://page.test/"})
    for host in ("127.0.0.1", "localhost", "[::1]", "10.77.0.1", "name.test"):
        await page.evaluate(f"fetch('http://{host}:{port}/fetch', {{mode: 'no-cors'}}).catch(() => null)")
        opened = f"new Promise(done => {{ new WebSocket('ws://{host}:{port}/').onerror = () => done(true) }})"
        assert await page.evaluate(opened)
    await page.call("Page.navigate", {"url": f"http://127.0.0.1:{port}/navigate"})


CANDIDATES = """
(async () => {
  const peer = new RTCPeerConnection({iceServers: [{urls: 'stun:10.77.0.1:3478'}]});
  const found = [];
  peer.onicecandidate = event => event.candidate && found.push(event.candidate.candidate);
  peer.createDataChannel('any');
  await peer.setLocalDescription(await peer.createOffer());
  await new Promise(done => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState == 'complete' && done();
    setTimeout(done, 1_500);
  });
  return found;
})()
"""


async def test_all_that_it_asks_for_it_asks_of_the_proxy() -> None:
    with socket.create_server(("", 0)) as ours:
        ours.settimeout(0)
        async with a_browser() as (browser, _, proxy):
            port = ours.getsockname()[1]
            await asked_of_the_proxy(browser, port)
            hosts = ("127.0.0.1", "localhost", "[::1]", "10.77.0.1", "name.test")
            expected = {f"{host}:{port}" for host in hosts}
            # Nothing that Chromium asks for by itself.
            assert proxy.hosts() == expected | {"page.test"}
            assert {line.split()[1] for line in proxy.asked if line.startswith("CONNECT")} == expected
            assert await browser.page.evaluate(CANDIDATES) == []
        with pytest.raises(BlockingIOError):
            ours.accept()


async def test_nobody_is_asked_for_anything_and_nothing_is_given() -> None:
    names = ["camera", "microphone", "geolocation", "notifications", "clipboard-read", "midi", "local-fonts"]
    states = f"Promise.all({names}.map(name => navigator.permissions.query({{name}}).then(found => found.state)))"
    async with a_browser(more_flags=["--use-fake-device-for-media-stream"]) as (browser, jail, proxy):
        # A place that Chromium trusts although it is asked without TLS.
        await browser.page.call("Page.navigate", {"url": "http://localhost/"})
        assert await browser.page.evaluate(states) == ["denied"] * len(names)
        refused = "navigator.mediaDevices.getUserMedia({audio: true, video: true}).catch(error => error.name)"
        assert await browser.page.evaluate(refused) == "NotAllowedError"
        assert await browser.page.evaluate("window.open('http://popup.test/')") is None
        answer = await browser.page.call("Page.navigate", {"url": "file:///etc/passwd"})
        assert answer["errorText"] == "net::ERR_BLOCKED_BY_ADMINISTRATOR"
        proxy.headers = ["content-type: application/octet-stream", "content-disposition: attachment; filename=d.bin"]
        answer = await browser.page.call("Page.navigate", {"url": "http://download.test/"})
        assert answer["errorText"] == "net::ERR_ABORTED"
        assert not list(jail.profile.rglob("d.bin*")) + list(jail.profile.rglob("*.crdownload"))
        pages = await browser.cdp.call("Target.getTargets", {"filter": [{"type": "page"}]})
        assert len(pages["targetInfos"]) == 1


async def test_a_further_page_is_another_session() -> None:
    async with a_browser() as (browser, _, proxy):
        page = await browser.new_page("http://further.test/")

        async def loaded() -> bool:
            return bool(await page.evaluate("document.title === 'page'"))

        await wait_until(loaded, timeout_s=PATIENCE_S)
        assert await browser.page.evaluate("location.href") == "about:blank"
        assert "further.test" in proxy.hosts()
        with pytest.raises(CdpError, match="no such thing"):
            await page.evaluate("(() => { throw new Error('no such thing') })()")


async def test_at_the_end_nothing_is_left() -> None:
    with jail_directory() as directory:
        async with Jail(directory) as jail:
            async with PageBrowser(jail, width_px=320, height_px=240) as browser:
                pids = descendants(os.getpid())
                assert len(pids) > 5
            assert browser.closed.result().code == 0
            await none_left(pids, directory)
            with pytest.raises(BrowserGone):
                await browser.page.evaluate("1")


async def test_a_killed_browser_is_noticed_and_nothing_of_it_is_left() -> None:
    with jail_directory() as directory:
        async with Jail(directory) as jail, PageBrowser(jail, width_px=320, height_px=240) as browser:
            pids = descendants(os.getpid())
            await browser.page.evaluate(SPIN)
            waiting = asyncio.create_task(browser.page.evaluate("new Promise(() => null)"))
            os.kill(browser.pid, signal.SIGKILL)
            assert (await asyncio.wait_for(browser.closed, PATIENCE_S)).signal == signal.SIGKILL
            with pytest.raises(BrowserGone):
                await waiting
            await asyncio.wait_for(browser.cdp.closed, PATIENCE_S)
        await none_left(pids, directory)


async def test_a_browser_that_hangs_is_killed() -> None:
    with jail_directory() as directory:
        async with Jail(directory) as jail, PageBrowser(jail, width_px=320, height_px=240) as browser:
            pids = descendants(os.getpid())
            os.kill(browser.pid, signal.SIGSTOP)
        assert browser.closed.result().signal == signal.SIGKILL
        await none_left(pids, directory)


async def test_a_killed_worker_takes_its_browser_with_it() -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from reelkit.page.chromium import PageBrowser
from reelkit.page.jail import Jail
async def main():
    async with Jail(Path(sys.argv[1])) as jail, PageBrowser(jail, width_px=320, height_px=240) as browser:
        await browser.page.evaluate({SPIN!r})
        print("ready", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""
    lines: list[str] = []
    with jail_directory() as directory:
        argv = [sys.executable, "-c", code, str(directory)]
        async with ChildProcess(argv, name="worker", on_stdout=lines.append) as worker:

            async def started() -> bool:
                return "ready" in lines

            await wait_until(started, timeout_s=PATIENCE_S)
            pids = descendants(worker.pid)
            assert len(pids) > 5
            worker.send_signal(signal.SIGKILL)
        await none_left(pids, directory)


async def test_a_browser_that_ends_at_once_or_never_answers_was_not_started() -> None:
    with jail_directory() as directory:
        async with Jail(directory, binary=Path("/bin/false")) as jail:
            with pytest.raises(BrowserNotStarted, match="exit code 1"):
                await PageBrowser(jail, width_px=320, height_px=240).__aenter__()
    with jail_directory() as directory:
        mute = directory / "mute"
        mute.write_text("#!/bin/sh\nexec sleep 600\n")
        mute.chmod(0o755)
        async with Jail(directory, binary=mute) as jail:
            with pytest.raises(BrowserNotStarted, match=r"within 0\.5 s"):
                await PageBrowser(jail, width_px=320, height_px=240, start_timeout_s=0.5).__aenter__()
            assert jail.exited.done()
        mute.unlink()


FORBIDDEN = """
ip link set lo up
ip link add here type veth peer name there
ip address add 10.77.0.1/24 dev here
ip link set here up
ip link set there up
ip route add default via 10.77.0.2
echo 0 > /proc/sys/user/max_user_namespaces
exec setpriv --bounding-set=-sys_admin "$@"
"""
"""A network with a way out, in which a process can be given none of its own, nor another user."""


@AS_ROOT
async def test_where_the_kernel_forbids_the_sandbox_only_the_operator_lets_it_start() -> None:
    code = """
import asyncio, json, socket, sys
from pathlib import Path
from reelkit.page.chromium import PageBrowser
from reelkit.page.errors import NoSandbox
from reelkit.page.jail import Jail
from tests.page.proxies import answering_proxy
from tests.page.test_chromium import CANDIDATES, asked_of_the_proxy
async def main():
    told = {}
    async with Jail(Path(sys.argv[1])) as jail:
        try:
            await PageBrowser(jail, width_px=640, height_px=360).__aenter__()
        except NoSandbox as error:
            told["refused"] = str(error)
    async with (
        Jail(Path(sys.argv[1])) as jail,
        answering_proxy(jail.listener) as proxy,
        PageBrowser(jail, width_px=640, height_px=360, allow_no_sandbox=True) as browser,
    ):
        with socket.create_server(("", 0)) as ours:
            ours.settimeout(0)
            port = ours.getsockname()[1]
            await asked_of_the_proxy(browser, port)
            told["candidates"] = await browser.page.evaluate(CANDIDATES)
            try:
                told["reached"] = ours.accept()[1]
            except BlockingIOError:
                told["reached"] = None
        told["hosts"] = [host.replace(str(port), "PORT") for host in proxy.hosts()]
        told["network"] = browser.confinement.own_network
    print(json.dumps(told))
asyncio.run(main())
"""
    lines: list[str] = []
    errors: list[str] = []
    with jail_directory() as directory:
        wrapper = ["unshare", "--user", "--map-root-user", "--net", "sh", "-ec", FORBIDDEN, "sh"]
        argv = [*wrapper, sys.executable, "-c", code, str(directory)]
        async with ChildProcess(argv, name="worker", on_stdout=lines.append, on_stderr=errors.append) as worker:
            assert await worker.wait() == 0, "\n".join(errors)
    told = json.loads(lines[-1])
    assert "unprivileged user namespaces" in told["refused"]
    # Its flags alone keep it from going past the proxy.
    assert told["network"] is False
    assert told["reached"] is None
    assert told["candidates"] == []
    hosts = ("127.0.0.1", "localhost", "[::1]", "10.77.0.1", "name.test")
    assert set(told["hosts"]) == {"page.test", *(f"{host}:PORT" for host in hosts)}
