"""The same contract for every kind of storage, on real servers. Cloudflare's differs from Amazon's in its rules only.

Google's part is rclone's S3 server behind a door of our own that checks Google's tokens; see testbed/storage/gcs.py.
"""

import asyncio
import hashlib
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import pytest
import pytest_asyncio

from reelkit.publish.storage.base import Destination, Part
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable, UploadUnknown
from testbed.storage.places import KINDS, Place
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
PART_BYTES = 5 << 20
TYPE = "video/mp4"
_NAMES = (f"film-{number}.mp4" for number in itertools.count())


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=[kind for kind in KINDS if kind != "r2"])
async def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with KINDS[request.param](tmp_path_factory.mktemp("storage")) as place:
        place.kind = request.param
        yield place


@pytest_asyncio.fixture(loop_scope="module")
async def place(shared: Place) -> AsyncIterator[Place]:
    yield shared
    await shared.close()


@pytest.fixture
def name() -> str:
    return next(_NAMES)


def parts_of(*sizes: int, seed: int = 0) -> list[Part]:
    draw = random.Random(seed)
    contents = [draw.randbytes(size) for size in sizes]
    offsets = [0, *itertools.accumulate(sizes)]
    return [
        Part(number, offset, data, hashlib.sha256(data).hexdigest())
        for number, (offset, data) in enumerate(zip(offsets, contents, strict=False), 1)
    ]


def whole(parts: Sequence[Part]) -> bytes:
    return b"".join(part.data for part in parts)


async def content(destination: Destination, name: str) -> bytes:
    return b"".join([piece async for piece in destination.read(name)])


async def upload(destination: Destination, name: str, parts: Sequence[Part]) -> None:
    upload_id = await destination.begin(name, TYPE)
    receipts = [(part.number, await destination.put_part(name, upload_id, part)) for part in parts]
    await destination.complete(name, upload_id, receipts, len(whole(parts)))


async def test_a_check_leaves_nothing(place: Place) -> None:
    destination = place.open("checked/below")
    await destination.check()
    assert await destination.stat(".reelkit-check") is None


async def test_small_objects(place: Place, name: str) -> None:
    destination = place.open("some/where")
    assert await destination.stat(name) is None
    with pytest.raises(FileNotFoundError):
        await content(destination, name)

    await destination.put(name, b"first", "text/plain")
    await destination.put(name, b"the second", "text/plain")
    found = await destination.stat(name)
    assert found is not None
    assert found.size_bytes == len(b"the second")
    assert await content(destination, name) == b"the second"
    assert await content(place.open("some"), f"where/{name}") == b"the second"

    assert await destination.delete(name)
    assert await destination.stat(name) is None
    await destination.delete(name)


async def test_an_empty_object(place: Place, name: str) -> None:
    destination = place.open()
    await destination.put(name, b"", "text/plain")
    assert (found := await destination.stat(name)) is not None
    assert found.size_bytes == 0
    assert await content(destination, name) == b""


@pytest.mark.parametrize("odd", ["Größe & Maß+1%20.mp4", "a'b\"c (1);=,@$!*~.mp4", "日本/語.mp4"])
async def test_odd_names(place: Place, odd: str) -> None:
    destination = place.open("a b")
    await destination.put(odd, b"odd", TYPE)
    assert await content(destination, odd) == b"odd"
    await upload(destination, f"2-{odd}", parts_of(10))
    assert await content(destination, f"2-{odd}") == whole(parts_of(10))


async def test_parts_in_any_order_make_the_object_and_nobody_sees_it_before(place: Place, name: str) -> None:
    destination, reader = place.open("films"), place.open("films")
    parts = parts_of(PART_BYTES, PART_BYTES, 1_234)
    upload_id = await destination.begin(name, TYPE)
    receipts = {}
    for part in (parts[1], parts[2], parts[0]):
        receipts[part.number] = await destination.put_part(name, upload_id, part)
        assert await reader.stat(name) is None
    # A part that was sent again, since its answer was lost.
    receipts[2] = await destination.put_part(name, upload_id, parts[1])

    await destination.complete(name, upload_id, sorted(receipts.items()), len(whole(parts)))

    found = await reader.stat(name)
    assert found is not None
    assert found.size_bytes == len(whole(parts))
    assert await content(reader, name) == whole(parts)


async def test_parts_at_once(place: Place, name: str) -> None:
    destination = place.open()
    parts = parts_of(PART_BYTES, PART_BYTES, PART_BYTES, 7)
    upload_id = await destination.begin(name, TYPE)
    receipts = await asyncio.gather(*(destination.put_part(name, upload_id, part) for part in parts))
    await destination.complete(name, upload_id, list(enumerate(receipts, 1)), len(whole(parts)))
    assert await content(destination, name) == whole(parts)


async def test_an_object_is_replaced_in_one_step(place: Place, name: str) -> None:
    destination, reader = place.open(), place.open()
    old, new = parts_of(300, seed=1), parts_of(PART_BYTES, 200, seed=2)
    await upload(destination, name, old)
    upload_id = await destination.begin(name, TYPE)
    receipts = [(part.number, await destination.put_part(name, upload_id, part)) for part in new]
    assert await content(reader, name) == whole(old)
    await destination.complete(name, upload_id, receipts, len(whole(new)))
    assert await content(reader, name) == whole(new)


async def test_an_end_whose_answer_was_lost_is_said_again(place: Place, name: str) -> None:
    destination = place.open()
    parts = parts_of(PART_BYTES, 99)
    upload_id = await destination.begin(name, TYPE)
    receipts = [(part.number, await destination.put_part(name, upload_id, part)) for part in parts]
    for _ in range(2):
        await destination.complete(name, upload_id, receipts, len(whole(parts)))
    assert await content(destination, name) == whole(parts)


async def test_what_was_thrown_away_is_gone(place: Place, name: str) -> None:
    destination = place.open()
    part = parts_of(PART_BYTES)[0]
    upload_id = await destination.begin(name, TYPE)
    receipt = await destination.put_part(name, upload_id, part)
    for _ in range(2):
        await destination.abort(name, upload_id)
    assert await destination.stat(name) is None
    if not destination.label.startswith("azure"):
        # Azure throws blocks away by itself, a week later.
        with pytest.raises(UploadUnknown):
            await destination.complete(name, upload_id, [(1, receipt)], PART_BYTES)


async def test_an_upload_that_never_was_is_unknown(place: Place, name: str) -> None:
    destination = place.open()
    upload_id = (await destination.begin(name, TYPE)).translate(str.maketrans("0123456789", "1234567890"))
    with pytest.raises(UploadUnknown):
        await destination.complete(name, upload_id, [(1, "Z" * 8)], 5)
    assert await destination.stat(name) is None


async def test_an_id_outlives_the_client(place: Place, name: str) -> None:
    parts = parts_of(PART_BYTES, 5)
    first = place.open("later")
    upload_id = await first.begin(name, TYPE)
    receipts = [(1, await first.put_part(name, upload_id, parts[0]))]
    await first.close()
    second = place.open("later")
    receipts.append((2, await second.put_part(name, upload_id, parts[1])))
    await second.complete(name, upload_id, receipts, len(whole(parts)))
    assert await content(second, name) == whole(parts)


async def test_wrong_credentials_are_refused(place: Place) -> None:
    destination = place.open(target=place.wrong)
    with pytest.raises(StorageRefused) as raised:
        await destination.check()
    assert not raised.value.retry
    assert "guessed" not in str(raised.value)


async def test_names_do_not_leave_the_path(place: Place) -> None:
    destination = place.open("inside")
    for bad in ("../up", "a/../../up", "", "/up", "a//b", ".", "a\0b"):
        with pytest.raises(ValueError, match="must not"):
            await destination.begin(bad, TYPE)
        with pytest.raises(ValueError, match="must not"):
            await destination.put(bad, b"", TYPE)


async def test_a_server_that_is_down_is_worth_another_try(place: Place, name: str) -> None:
    destination = place.open()
    parts = parts_of(PART_BYTES, 1_000)
    upload_id = await destination.begin(name, TYPE)
    receipts = [(1, await destination.put_part(name, upload_id, parts[0]))]

    await place.link.stop()
    for _ in range(2):
        with pytest.raises(StorageUnavailable) as raised:
            await destination.put_part(name, upload_id, parts[1])
        assert raised.value.retry
    with pytest.raises(StorageUnavailable):
        await place.open().check()
    await place.link.start()

    receipts.append((2, await destination.put_part(name, upload_id, parts[1])))
    await destination.complete(name, upload_id, receipts, len(whole(parts)))
    assert await content(destination, name) == whole(parts)


@pytest.mark.parametrize("harm", ["cut", "damage"])
async def test_a_part_that_suffers_on_its_way_is_sent_again(place: Place, name: str, harm: str) -> None:
    destination = place.open()
    parts = parts_of(PART_BYTES, PART_BYTES)
    upload_id = await destination.begin(name, TYPE)
    receipts = [(1, await destination.put_part(name, upload_id, parts[0]))]
    if harm == "cut":
        place.link.cut_after(PART_BYTES // 2)
    else:
        place.link.damage_after(PART_BYTES // 2)
    with pytest.raises(StorageUnavailable):
        await destination.put_part(name, upload_id, parts[1])
    assert await destination.stat(name) is None
    try:
        receipts.append((2, await destination.put_part(name, upload_id, parts[1])))
        await destination.complete(name, upload_id, receipts, len(whole(parts)))
    except UploadUnknown:
        # rclone forgets a whole upload when one of its parts comes damaged; others only refuse the part.
        assert (place.kind, harm) in {("s3", "damage"), ("gcs", "damage")}
        await upload(destination, name, parts)
    assert await content(destination, name) == whole(parts)


async def test_half_a_small_object_is_never_seen(place: Place, name: str) -> None:
    destination = place.open()
    place.link.cut_after(1 << 20)
    with pytest.raises(StorageUnavailable):
        await destination.put(name, bytes(PART_BYTES), TYPE)
    assert await destination.stat(name) is None


async def in_the_end(ask: Callable[[], Awaitable[T]]) -> T:
    """Asks anew as long as there is no answer within the second that the test allows, which a busy machine may need."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(StorageUnavailable):
                return await ask()


async def test_a_connection_that_stands_still_is_given_up(place: Place, name: str) -> None:
    destination = place.open(request_timeout_s=1.0, min_rate_bytes_per_s=100 << 20)
    await in_the_end(lambda: destination.put(name, b"goes through", TYPE))
    place.link.stalled = True
    try:
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(StorageUnavailable):
                await destination.put(name, b"stays", TYPE)
    finally:
        place.link.stalled = False
        place.link.cut()
    assert await in_the_end(lambda: content(destination, name)) == b"goes through"
