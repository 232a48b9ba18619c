import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from reelkit.page.frames import FrameQueue, Shot, frame_bytes
from reelkit.page.screen.screen import MIN_WIDTH_PX, Screen
from reelkit.process import wait_until
from reelkit.render.colour import yuv
from reelkit.render.planes import Planes
from tests.page.screen.client import Client, Window
from tests.patience import PATIENCE_S

WIDTH_PX, HEIGHT_PX, FPS = 640, 360, 30


@pytest.fixture
def queue() -> FrameQueue:
    return FrameQueue(frame_bytes(WIDTH_PX, HEIGHT_PX))


@pytest.fixture
async def screen(tmp_path: Path, queue: FrameQueue) -> AsyncIterator[Screen]:
    async with Screen(tmp_path / "screen", WIDTH_PX, HEIGHT_PX, FPS, queue) as opened:
        yield opened


@pytest.fixture
async def client(screen: Screen, tmp_path: Path) -> AsyncIterator[Client]:  # noqa: ARG001 - it must be there
    async with Client(tmp_path / "screen") as connected:
        yield connected


async def shot_of(queue: FrameQueue) -> Shot:
    """The next picture that is handed on; with it all before are gone."""
    found: list[Shot] = []

    async def come() -> bool:
        shot = queue.newest(float("inf"))
        found.extend([shot] if shot is not None else [])
        return bool(found)

    await wait_until(come, timeout_s=PATIENCE_S, interval_s=0.001)
    return found[0]


def luma(shot: Shot) -> int:
    """Of its first pixel."""
    return int(Planes.of(shot.frame).y[0, 0])


async def _ticked(queue: FrameQueue, until_s: float) -> None:
    async def passed() -> bool:
        return queue.complete_s >= until_s

    await wait_until(passed, timeout_s=PATIENCE_S, interval_s=0.001)


async def test_a_window_is_told_to_fill_the_screen(client: Client) -> None:
    window = Window(client, WIDTH_PX, HEIGHT_PX)
    (opcode, body), *_ = await client.until(window.toplevel)
    assert (opcode, struct.unpack_from("=ii", body)) == (0, (WIDTH_PX, HEIGHT_PX))
    assert (await client.until(window.shell_surface))[0] == (0, struct.pack("=I", 1))
    client.send(window.toplevel, 12)
    assert len(await client.until(window.toplevel, 2)) == 2
    window.close()


async def test_the_screen_has_its_size_and_rate(client: Client) -> None:
    output = client.bind("wl_output")
    events = dict(await client.until(output, 6))
    assert struct.unpack("=Iiii", events[1]) == (3, WIDTH_PX, HEIGHT_PX, FPS * 1_000)
    assert events[3] == struct.pack("=i", 1)


async def test_pictures_are_handed_on_from_show_on(client: Client, screen: Screen, queue: FrameQueue) -> None:
    window = Window(client, WIDTH_PX, HEIGHT_PX)
    await client.until(window.draw(30, 200, 100))
    await screen.lit()
    assert queue.newest(float("inf")) is None
    screen.show()
    shot = await shot_of(queue)
    seen = Planes.of(shot.frame)
    assert (seen.width, seen.height) == (WIDTH_PX, HEIGHT_PX)
    assert (seen.y[5, 5], seen.u[5, 5], seen.v[5, 5]) == yuv((100, 200, 30))
    await client.until(window.draw(255, 255, 255))
    shot = await shot_of(queue)
    assert Planes.of(shot.frame).y[0, 0] == yuv((255, 255, 255))[0]
    window.close()


async def test_a_buffer_is_given_back_at_once(client: Client) -> None:
    window = Window(client, WIDTH_PX, HEIGHT_PX)
    window.draw(0, 0, 0)
    assert (await client.until(window.buffer))[0] == (0, b"")
    window.close()


async def test_a_client_that_draws_when_it_may_gives_one_picture_for_each_frame(
    client: Client, screen: Screen, queue: FrameQueue
) -> None:
    window = Window(client, WIDTH_PX, HEIGHT_PX)
    await client.until(window.draw(0, 0, 0))
    screen.show()
    times_s = [(await shot_of(queue)).seen_s]
    for number in range(12):
        window.draw(number, 0, 0)
        times_s.append((await shot_of(queue)).seen_s)
    steps = [round((after - before) * FPS, 6) for before, after in pairwise(times_s)]
    # A loop that stood still shows the next picture later, but on the same beat.
    assert all(step == int(step) and step >= 1 for step in steps)
    assert steps.count(1.0) >= len(steps) // 2
    window.close()


async def test_a_client_that_was_late_may_make_up_for_it(client: Client, screen: Screen, queue: FrameQueue) -> None:
    window = Window(client, WIDTH_PX, HEIGHT_PX)
    await client.until(window.draw(0, 0, 0))
    screen.show()
    before_s = (await shot_of(queue)).seen_s
    for _ in range(50):
        # It misses a picture, and draws that and the next between two ticks, unless a tick comes between the two or the
        # loop stands still.
        await _ticked(queue, before_s + 1 / FPS)
        missed_s = queue.complete_s
        assert await client.until(window.draw(10, 10, 10))
        await client.until(window.draw(200, 200, 200))
        late = queue.newest(missed_s + 0.5 / FPS)
        on_time = await shot_of(queue)
        while luma(on_time) != yuv((200, 200, 200))[0]:
            on_time = await shot_of(queue)
        if late is not None and on_time.seen_s - missed_s == pytest.approx(1 / FPS):
            break
        before_s = on_time.seen_s
    else:
        pytest.fail("it never made up for what it missed")
    assert luma(late) == yuv((10, 10, 10))[0]
    assert late.seen_s == missed_s
    window.close()


async def test_feedback_tells_the_screens_own_time_and_rate(client: Client) -> None:
    window = Window(client, WIDTH_PX, HEIGHT_PX)
    feedback = client.new_id()
    before_s = asyncio.get_running_loop().time()
    window.commit(feedback)
    (opcode, body), *_ = await client.until(feedback)
    high, low, nanoseconds, refresh_ns, *_ = struct.unpack("=7I", body)
    assert (opcode, refresh_ns) == (1, 10**9 // FPS)
    assert before_s - 0.1 < (high << 32) + low + nanoseconds / 1e9 < asyncio.get_running_loop().time() + 0.1
    window.close()


async def test_pictures_are_complete_up_to_the_last_tick(screen: Screen, queue: FrameQueue) -> None:
    del screen
    before_s = queue.complete_s
    async with asyncio.timeout(PATIENCE_S):
        while queue.complete_s <= before_s:  # noqa: ASYNC110 - the clock is waited for
            await asyncio.sleep(0.005)
    assert queue.complete_s <= asyncio.get_running_loop().time()


async def test_what_is_no_window_of_the_screens_size_is_not_shown(
    client: Client, screen: Screen, queue: FrameQueue
) -> None:
    screen.show()
    popup = Window(client, 206, 88)
    await client.until(popup.draw(255, 0, 0))
    assert queue.newest(float("inf")) is None
    window = Window(client, WIDTH_PX, HEIGHT_PX)
    await client.until(window.draw(0, 255, 0))
    await shot_of(queue)
    other = Window(client, WIDTH_PX, HEIGHT_PX)
    await client.until(other.draw(255, 0, 0))
    assert queue.newest(float("inf")) is None
    for each in (popup, window, other):
        each.close()


async def test_of_a_small_page_the_corner_of_a_larger_window_is_seen(tmp_path: Path) -> None:
    queue = FrameQueue(frame_bytes(320, 240))
    async with Screen(tmp_path / "screen", 320, 240, FPS, queue) as screen:
        assert screen.window_px == (MIN_WIDTH_PX, 240)
        screen.show()
        async with Client(tmp_path / "screen") as client:
            window = Window(client, *screen.window_px)
            await client.until(window.draw(9, 9, 9))
            shot = await shot_of(queue)
            assert (shot.frame.width, shot.frame.height) == (320, 240)
            window.close()


async def test_only_the_first_who_connects_has_the_screen(client: Client, tmp_path: Path) -> None:
    del client
    assert not (tmp_path / "screen").exists()


def _pool(client: Client, said: int, real: int) -> int:
    memory = os.memfd_create("pool")
    os.ftruncate(memory, real)
    pool = client.new_id()
    client.send(client.bind("wl_shm"), 0, pool, said, descriptor=memory)
    os.close(memory)
    return pool


def _outside(client: Client) -> None:
    client.send(_pool(client, 4_096, 4_096), 0, client.new_id(), 0, 64, 64, 256, 1)


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(lambda client: client.send(2, 0, 99, "wl_shm", 1, 50), id="a global that is not there"),
        pytest.param(lambda client: client.send(1, 0), id="a request without its arguments"),
        pytest.param(lambda client: client.send(1, 0, 2), id="an id that is taken"),
        pytest.param(lambda client: client.send(client.bind("wl_shm"), 0, 60, 100), id="no descriptor"),
        pytest.param(lambda client: _pool(client, 1 << 20, 4_096), id="memory that is shorter than it is said to be"),
        pytest.param(_outside, id="a buffer outside its memory"),
    ],
)
async def test_nonsense_ends_the_connection_and_nothing_else(
    nonsense: Callable[[Client], object], client: Client, screen: Screen
) -> None:
    nonsense(client)
    await client.gone()
    assert screen.failure is not None
