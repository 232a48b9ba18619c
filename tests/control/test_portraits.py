"""Pictures of participants from hosts on loopback to the capture."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelkit.capture.events import PeerPictureStored
from reelkit.capture.journal import JournalReader
from reelkit.capture.layout import JOURNAL_FILE, PICTURES_DIR
from reelkit.control import portraits
from reelkit.control.images import UnusableImage
from reelkit.control.portraits import SIDE_PX, portrait_png
from reelkit.control.recording import Action, RecordingStatus
from reelkit.durable import write_durably
from reelkit.process import wait_until
from tests.control.fakes import FakeRoom
from tests.control.harness import Harness, harness_at
from tests.egress.hosts import Host, host_on
from tests.patience import PATIENCE_S

COLOUR = (200, 40, 60)


def encoded(size: tuple[int, int] = (640, 480), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, COLOUR).save(file, kind)
    return file.getvalue()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with host_on() as opened:
        opened.answer("200 OK", encoded())
        yield opened


def open_harness(data: Path, timeout_s: float) -> AbstractAsyncContextManager[Harness]:
    """A server whose operator lets callers name hosts of the private network."""
    settings = {"portrait_timeout_s": timeout_s, "portrait_max_bytes": 100_000}
    return harness_at(data, held=True, egress={"allow_private": True}, recording=settings)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with open_harness(tmp_path, PATIENCE_S) as opened:
        yield opened


def url_of(host: Host, path: str = "ada.png") -> str:
    return f"http://127.0.0.1:{host.port}/{path}"


def stored(room: FakeRoom) -> list[PeerPictureStored]:
    events = JournalReader(room.capture_dir / JOURNAL_FILE).poll()
    return [event for event in events if isinstance(event, PeerPictureStored)]


async def until_stored(room: FakeRoom, count: int) -> list[PeerPictureStored]:
    async def there() -> bool:
        return len(stored(room)) >= count

    await wait_until(there, timeout_s=PATIENCE_S, interval_s=0.002)
    return stored(room)


async def until_idle(harness: Harness) -> None:
    """Waits until no picture is being fetched."""

    async def idle() -> bool:
        return not any(session.tasks._tasks for session in harness.plane._portraits._sessions.values())

    await wait_until(idle, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_who_is_there_when_a_recording_begins(harness: Harness, host: Host) -> None:
    meeting = await harness.meeting()
    peer = await harness.gateway.join(meeting.id, picture=url_of(host))
    assert host.requests == [], "nothing is fetched for a meeting that is not recorded"
    await harness.start(meeting)
    room = harness.room(meeting)
    (event,) = await until_stored(room, 1)

    assert event.peer_id == peer.peer_id
    with Image.open(room.capture_dir / event.file, formats=("PNG",)) as image:
        assert image.size == (480, 480)
        assert np.abs(np.asarray(image.convert("RGB"), np.int16) - COLOUR).max() <= 1


async def test_who_joins_a_recorded_meeting(harness: Harness, host: Host) -> None:
    meeting = await harness.attended_meeting()
    await harness.start(meeting)
    peer = await harness.gateway.join(meeting.id, picture=url_of(host))
    (event,) = await until_stored(harness.room(meeting), 1)

    assert event.peer_id == peer.peer_id
    assert event.time_s == harness.clock.time_s()


async def test_one_picture_of_many_is_fetched_once(harness: Harness, host: Host) -> None:
    meeting = await harness.attended_meeting()
    peers = [await harness.gateway.join(meeting.id, picture=url_of(host)) for _ in range(5)]
    await harness.start(meeting)
    events = await until_stored(harness.room(meeting), 5)

    assert {event.peer_id for event in events} == {peer.peer_id for peer in peers}
    assert len({event.file for event in events}) == len(host.requests) == 1


async def test_a_second_recording_fetches_nothing_again(harness: Harness, host: Host) -> None:
    meeting = await harness.meeting()
    await harness.gateway.join(meeting.id, picture=url_of(host))
    recording = await harness.start(meeting)
    await until_stored(harness.room(meeting), 1)
    await harness.act(recording, Action.STOP)
    await harness.start(meeting)
    await until_idle(harness)

    assert len(host.requests) == len(stored(harness.room(meeting))) == 1


async def test_who_comes_back_has_a_picture_again(harness: Harness, host: Host) -> None:
    meeting = await harness.attended_meeting()
    await harness.start(meeting)
    peer = await harness.gateway.join(meeting.id, picture=url_of(host))
    room = harness.room(meeting)
    await until_stored(room, 1)
    await harness.gateway.leave(meeting.id, peer)
    await harness.plane.observer.peer_joined(room, peer)
    events = await until_stored(room, 2)

    assert [event.peer_id for event in events] == [peer.peer_id] * 2
    assert len(host.requests) == 1


async def test_the_end_of_a_session_waits_for_a_picture_that_is_being_written(
    harness: Harness, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, released = threading.Event(), threading.Event()

    def slow(path: Path, content: bytes) -> None:
        writing.set()
        released.wait(PATIENCE_S)
        write_durably(path, content)

    monkeypatch.setattr(portraits, "write_durably", slow)
    meeting = await harness.attended_meeting()
    await harness.start(meeting)
    await harness.gateway.join(meeting.id, picture=url_of(host))
    room = harness.room(meeting)
    assert await asyncio.to_thread(writing.wait, PATIENCE_S)
    ending = asyncio.create_task(harness.plane._portraits.session_ended(room.session_id))
    await asyncio.sleep(0)
    assert not ending.done()
    released.set()
    await ending

    assert len(list((room.capture_dir / PICTURES_DIR).glob("*.png"))) == 1
    assert stored(room) == [], "the journal is closed"


async def test_a_host_that_hangs_holds_up_nothing(tmp_path: Path, host: Host) -> None:
    released = asyncio.Event()

    async def hang(*_: object) -> None:
        await released.wait()

    host.answer_with(hang)
    async with open_harness(tmp_path, 0.3) as harness:
        meeting = await harness.meeting()
        await harness.gateway.join(meeting.id, picture=url_of(host))
        recording = await harness.start(meeting)
        await harness.gateway.join(meeting.id, picture=url_of(host, "other.png"))

        assert recording.status is RecordingStatus.RECORDING
        await until_idle(harness)
        assert stored(harness.room(meeting)) == []
    released.set()


@pytest.mark.parametrize(
    ("status", "body"),
    [("404 Not Found", b""), ("200 OK", b"<html>"), ("200 OK", b"\x89PNG\r\n\x1a\n"), ("200 OK", bytes(200_000))],
    ids=["missing", "no image", "damaged", "too large"],
)
async def test_what_cannot_be_shown_leaves_initials_and_is_tried_again_later(
    harness: Harness, host: Host, status: str, body: bytes
) -> None:
    host.answer(status, body)
    meeting = await harness.meeting()
    await harness.gateway.join(meeting.id, picture=url_of(host))
    recording = await harness.start(meeting)
    await until_idle(harness)
    assert stored(harness.room(meeting)) == []

    host.answer("200 OK", encoded())
    await harness.act(recording, Action.STOP)
    await harness.start(meeting)
    assert len(await until_stored(harness.room(meeting), 1)) == 1


async def test_private_addresses_are_refused_by_default(tmp_path: Path, host: Host) -> None:
    async with harness_at(tmp_path, held=True) as harness:
        meeting = await harness.meeting()
        await harness.gateway.join(meeting.id, picture=url_of(host))
        await harness.start(meeting)
        await until_idle(harness)

        assert stored(harness.room(meeting)) == []
        assert host.requests == []


async def test_hidden_peers_and_those_without_a_picture_are_left_alone(harness: Harness, host: Host) -> None:
    meeting = await harness.attended_meeting()
    await harness.gateway.join(meeting.id, hidden=True, picture=url_of(host))
    await harness.start(meeting)
    await until_idle(harness)

    assert host.requests == []


async def test_a_session_that_ends_gives_up_what_it_waits_for(harness: Harness, host: Host) -> None:
    released = asyncio.Event()

    async def hang(*_: object) -> None:
        await released.wait()

    host.answer_with(hang)
    meeting = await harness.meeting()
    await harness.gateway.join(meeting.id, picture=url_of(host))
    await harness.start(meeting)

    async def is_asked() -> bool:
        return bool(host.requests)

    await wait_until(is_asked, timeout_s=PATIENCE_S, interval_s=0.002)
    await harness.gateway.end(meeting.id)

    assert harness.plane._portraits._sessions == {}
    released.set()


def test_pictures_are_square_small_and_bare() -> None:
    file = io.BytesIO()
    picture = Image.new("RGB", (1_600, 800), (0, 0, 0))
    picture.paste(COLOUR, (400, 0, 1_200, 800))
    picture.save(file, "JPEG", comment=b"where I live", quality=95)
    with Image.open(io.BytesIO(portrait_png(file.getvalue()))) as image:
        assert image.size == (SIDE_PX, SIDE_PX)
        assert image.info == {}
        assert np.abs(np.asarray(image.convert("RGB"), np.int16)[:, 20:-20] - COLOUR).max() <= 6


def test_a_picture_of_thousands_of_scans_is_refused() -> None:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), COLOUR).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    assert portrait_png(content)
    last = content[content.rindex(b"\xff\xda") : -2]
    with pytest.raises(UnusableImage, match="scans"):
        portrait_png(content[:-2] + last * 500 + content[-2:])


def test_a_picture_with_too_many_pixels_is_refused() -> None:
    with pytest.raises(UnusableImage):
        portrait_png(encoded((5_000, 5_000)))
