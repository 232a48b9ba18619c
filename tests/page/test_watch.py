"""A browser that takes too much is noticed, and it is told of what."""

import asyncio
import os
from pathlib import Path

import pytest

from reelkit.page.cgroup import Cgroup
from reelkit.page.chromium import PageBrowser
from reelkit.page.jail import Jail
from reelkit.page.limits import Limits
from reelkit.page.watch import Limit, Watcher, directory_bytes, measure
from reelkit.process import wait_until
from tests.page.jails import PYTHON, jail_directory, python_jail, run, told
from tests.page.proxies import answering_proxy
from tests.patience import PATIENCE_S

NO_CGROUP = Path("/does/not/exist")
HOARD = "globalThis.kept = []; setInterval(() => kept.push(new Uint8Array(20_000_000).fill(1)), 5)"
FILL_DISK = """
(async () => {
  const cache = await caches.open('c');
  const noise = () => crypto.getRandomValues(new Uint8Array(65_536));
  for (let n = 0; n < 12; n++)
    await cache.put('/' + n, new Response(new Blob(Array.from({length: 80}, noise))));
})()
"""


@pytest.mark.e2e
@pytest.mark.parametrize("cgroup_parent", [None, NO_CGROUP], ids=["cgroup", "no cgroup"])
async def test_a_page_that_hoards_memory_is_noticed(cgroup_parent: Path | None) -> None:
    limits = Limits(memory_bytes=400 << 20)
    with jail_directory() as directory:
        told_of: asyncio.Future[Limit] = asyncio.get_running_loop().create_future()
        async with (
            Jail(directory, limits=limits, cgroup_parent=cgroup_parent) as jail,
            PageBrowser(jail, width_px=320, height_px=240) as browser,
            Watcher(jail, told_of.set_result, interval_s=0.05) as watcher,
        ):

            async def all_are_there() -> bool:
                return (await watcher.look()).processes > 5

            await wait_until(all_are_there, timeout_s=PATIENCE_S)
            assert 30 << 20 < (await watcher.look()).memory_bytes < 300 << 20
            assert not told_of.done()
            await browser.page.evaluate(HOARD)
            assert await asyncio.wait_for(told_of, PATIENCE_S) == "memory"


@pytest.mark.e2e
async def test_a_page_that_fills_the_disk_is_noticed() -> None:
    limits = Limits(profile_bytes=24 << 20)
    with jail_directory() as directory:
        told_of: asyncio.Future[Limit] = asyncio.get_running_loop().create_future()
        async with (
            Jail(directory, limits=limits) as jail,
            answering_proxy(jail.listener),
            PageBrowser(jail, width_px=320, height_px=240) as browser,
            Watcher(jail, told_of.set_result, interval_s=0.05) as watcher,
        ):
            assert 0 < (await watcher.look()).profile_bytes < 24 << 20
            # A place that Chromium trusts although it is asked without TLS.
            await browser.page.call("Page.navigate", {"url": "http://localhost/"})
            await browser.page.evaluate(FILL_DISK, timeout_s=60)
            assert await asyncio.wait_for(told_of, PATIENCE_S) == "disk"


async def test_without_a_cgroup_all_descendants_are_counted() -> None:
    code = """
import time
read, write = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        kept = b'x' * (50 << 20)
        os.write(write, b'1')
        time.sleep(600)
    os._exit(0)
kept = b'y' * (30 << 20)
os.read(read, 1)
answer(True)
time.sleep(600)
"""
    with jail_directory() as directory:
        async with Jail(directory, binary=PYTHON, cgroup_parent=NO_CGROUP) as jail:
            assert jail.confinement.cgroup == Cgroup({}, unified=True, without=jail.confinement.cgroup.without)
            assert await told(jail, code)
            use = measure(jail.keeper_pid, jail.profile, jail.confinement.cgroup)
            assert use.processes in {2, 3}  # the middle one may not have been collected yet
            assert 80 << 20 <= use.memory_bytes < 120 << 20


async def test_what_the_disk_counts_is_told_and_links_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "file").write_bytes(b"x" * 1_000_000)
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 30)
    (tmp_path / "link").symlink_to("/usr")
    assert 1_000_000 <= directory_bytes(tmp_path) < 1_100_000
    assert directory_bytes(tmp_path / "none") == 0


async def test_it_may_outlive_what_it_watches() -> None:
    with jail_directory() as directory:
        async with python_jail(directory) as jail, Watcher(jail, lambda _: None, interval_s=0.01) as watcher:
            os.close(run(jail, "import time; time.sleep(600)"))
            await jail.stop()
            assert (await watcher.look()).processes == 0
