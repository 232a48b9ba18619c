"""Publishing, subscribing and recording through a real Janus, with aiortc as the clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest

from reelkit.process import wait_until
from reelkit.sfu import (
    BadSdp,
    ConnectionEvent,
    FeedNotReady,
    HungUp,
    MediaChanged,
    Offer,
    Publisher,
    RequestRefused,
    Sfu,
    SfuError,
    SfuRoom,
    StreamRef,
    WrongState,
)
from tests.patience import PATIENCE_S
from tests.sfu.participant import Participant

pytestmark = pytest.mark.e2e


@pytest.fixture
async def room(sfu: Sfu, tmp_path: Path) -> SfuRoom:
    return await sfu.create_room("session-1", tmp_path / "rtp")


@asynccontextmanager
async def publishing(room: SfuRoom, feed: str) -> AsyncIterator[tuple[Participant, Publisher]]:
    """A participant who sends audio (mid 0) and video (mid 1) and is connected."""
    async with Participant() as participant:
        participant.send_audio()
        participant.send_video()
        publisher = await room.publisher(feed, "Ada")
        await participant.take_answer(await publisher.join_and_configure(await participant.offer()))
        await asyncio.wait_for(publisher.connected.wait(), PATIENCE_S)
        yield participant, publisher


async def test_a_subscriber_receives_what_a_publisher_sends(room: SfuRoom) -> None:
    async with publishing(room, "ada") as (sender, _), Participant() as viewer:
        assert sender.mids() == ["0", "1"]
        subscriber = await room.subscriber()
        audio, video = StreamRef("ada", "0"), StreamRef("ada", "1")
        offer = await subscriber.join([audio, video])
        assert [(s.kind, s.active, s.codec) for s in offer.streams] == [("audio", True, "opus"), ("video", True, "vp8")]
        assert offer.mid_of(audio) == offer.streams[0].mid
        assert offer.mid_of(video) == offer.streams[1].mid
        assert "a=ice-lite" in offer.sdp
        assert "10.77.0.1" in offer.sdp
        awaited = [subscriber.answer_awaited]
        await subscriber.start(await viewer.answer(offer))
        assert [*awaited, subscriber.answer_awaited] == [True, False]
        for _ in range(2):
            track = await asyncio.wait_for(viewer.tracks.get(), PATIENCE_S)
            frame = await asyncio.wait_for(track.recv(), PATIENCE_S)
            if track.kind == "video":
                assert isinstance(frame, av.VideoFrame)
                assert (frame.width, frame.height) == (64, 48)
            else:
                assert isinstance(frame, av.AudioFrame)
                assert frame.sample_rate == 48_000
        assert subscriber.connected.is_set()


@pytest.mark.parametrize("use_msid", [True, False])
async def test_msid_lines_name_the_feed_when_asked(room: SfuRoom, use_msid: bool) -> None:
    async with publishing(room, "ada"):
        offer = await (await room.subscriber()).join([StreamRef("ada", "1")], use_msid=use_msid)
        assert ("a=msid:ada 0" in offer.sdp.splitlines()) is use_msid


async def test_a_feed_can_be_subscribed_to_once_it_is_connected(room: SfuRoom) -> None:
    async with Participant() as sender:
        sender.send_audio()
        publisher = await room.publisher("ada", "Ada")
        answer = await publisher.join_and_configure(await sender.offer())
        subscriber = await room.subscriber()
        with pytest.raises(FeedNotReady) as raised:
            await subscriber.join([StreamRef("ada", "0")])
        assert raised.value.retry
        await sender.take_answer(answer)
        await asyncio.wait_for(publisher.connected.wait(), PATIENCE_S)
        with pytest.raises(FeedNotReady):
            await subscriber.join([StreamRef("ada", "7")])
        assert (await subscriber.join([StreamRef("ada", "0")])).streams[0].active


async def test_streams_come_and_go_by_update(room: SfuRoom) -> None:
    async with publishing(room, "ada") as (sender, publisher), Participant() as viewer:
        subscriber = await room.subscriber()
        unasked: list[Offer] = []
        subscriber.on_offer(unasked.append)
        first = await subscriber.join([StreamRef("ada", "0")])
        with pytest.raises(WrongState, match="awaits its answer") as raised:
            await subscriber.update([StreamRef("ada", "1")])
        assert raised.value.retry
        await subscriber.start(await viewer.answer(first))

        sender.send_video()
        await sender.take_answer(await publisher.configure(await sender.offer()))
        assert sender.mids() == ["0", "1", "2"]
        screen = StreamRef("ada", "2")
        second = await subscriber.update([screen])
        assert second is not None
        screen_mid = second.mid_of(screen)
        assert screen_mid is not None
        await subscriber.start(await viewer.answer(second))

        third = await subscriber.update(unsubscribe_mids=[screen_mid])
        assert third is not None
        assert third.mid_of(screen) is None
        assert [stream.active for stream in third.streams] == [True, False]
        await subscriber.start(await viewer.answer(third))

        assert await subscriber.update() is None
        assert await subscriber.update(unsubscribe_mids=["99"]) is None
        assert unasked == []


async def test_no_offer_comes_unasked_when_a_publisher_leaves(room: SfuRoom) -> None:
    async with publishing(room, "ada") as (_, ada), publishing(room, "bob"), Participant() as viewer:
        subscriber = await room.subscriber()
        unasked: list[Offer] = []
        subscriber.on_offer(unasked.append)
        await subscriber.start(await viewer.answer(await subscriber.join([StreamRef("ada", "0")])))
        await ada.detach()

        # Janus takes a publisher's streams off its subscribers, and would offer, before it frees the feed's id.
        async def feed_is_gone() -> bool:
            try:
                await (await room.subscriber()).join([StreamRef("ada", "0")])
            except FeedNotReady:
                return True
            return False

        await wait_until(feed_is_gone, timeout_s=PATIENCE_S)
        assert unasked == []
        offer = await subscriber.update([StreamRef("bob", "1")])
        assert offer is not None
        assert [(s.mid, s.feed, s.active) for s in offer.streams] == [("0", None, False), ("1", "bob", True)]
        await subscriber.start(await viewer.answer(offer))
        offer = await subscriber.update([StreamRef("bob", "0")])
        assert offer is not None
        assert [(s.mid, s.feed, s.feed_mid) for s in offer.streams] == [("0", "bob", "0"), ("1", "bob", "1")]
        assert unasked == []


async def test_a_client_that_closes_hangs_up(room: SfuRoom) -> None:
    async with publishing(room, "ada"):
        viewer = Participant()
        subscriber = await room.subscriber()
        events: asyncio.Queue[ConnectionEvent] = asyncio.Queue()
        subscriber.on_event(events.put_nowait)
        await subscriber.start(await viewer.answer(await subscriber.join([StreamRef("ada", "0")])))
        await asyncio.wait_for(subscriber.connected.wait(), PATIENCE_S)
        await viewer.pc.close()
        assert isinstance(await next_event(events, HungUp), HungUp)
        assert subscriber.hung_up == "DTLS alert"
        with pytest.raises(WrongState, match="ended"):
            await subscriber.update([StreamRef("ada", "1")])
        await subscriber.detach()
        await subscriber.detach()


async def test_media_that_starts_and_stops_is_told(room: SfuRoom) -> None:
    async with Participant() as sender:
        video = sender.send_video()
        publisher = await room.publisher("ada", "Ada")
        events: asyncio.Queue[ConnectionEvent] = asyncio.Queue()
        publisher.on_event(events.put_nowait)
        await sender.take_answer(await publisher.join_and_configure(await sender.offer()))
        assert await next_event(events, MediaChanged) == MediaChanged("0", "video", receiving=True)
        video.replaceTrack(None)
        assert await next_event(events, MediaChanged) == MediaChanged("0", "video", receiving=False)


@pytest.mark.parametrize("mid", [None, "0"])
async def test_a_keyframe_can_be_asked_for(room: SfuRoom, mid: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Participant() as sender:
        video = sender.send_video()
        asked = asyncio.Event()
        publisher = await room.publisher("ada", "Ada")
        await sender.take_answer(await publisher.join_and_configure(await sender.offer()))
        await asyncio.wait_for(publisher.connected.wait(), PATIENCE_S)
        monkeypatch.setattr(video, "_send_keyframe", asked.set)
        await publisher.request_keyframe(mid)
        await asyncio.wait_for(asked.wait(), PATIENCE_S)


async def test_a_bad_offer_is_the_clients_fault(room: SfuRoom) -> None:
    publisher = await room.publisher("ada", "Ada")
    with pytest.raises(BadSdp):
        await publisher.join_and_configure("v=0\r\nnonsense\r\n")
    await publisher.detach()


async def test_recording_writes_files_that_grow_and_close(sfu: Sfu, room: SfuRoom) -> None:
    async with publishing(room, "ada"):
        assert recorded(room) == []
        await room.set_recording(True)
        assert [name.split("-")[-2:] for name in sorted(recorded(room))] == [["audio", "0.mjr"], ["video", "1.mjr"]]
        assert all(name.startswith("videoroom-session-1-user-ada-") for name in recorded(room))
        assert len(open_recordings(sfu)) == 2
        for path in room.recording_dir.iterdir():
            await grows(path)
        await room.set_recording(False)
        assert open_recordings(sfu) == []
        assert len(recorded(room)) == 2
        assert all(path.read_bytes().startswith(b"MJR00002") for path in room.recording_dir.iterdir())


async def test_who_comes_while_recording_is_recorded(sfu: Sfu, room: SfuRoom) -> None:
    await room.set_recording(True)
    async with publishing(room, "ada") as (sender, publisher):

        async def both_are_open() -> bool:
            return len(open_recordings(sfu)) == 2

        await wait_until(both_are_open, timeout_s=PATIENCE_S)
        sender.send_video()
        await sender.take_answer(await publisher.configure(await sender.offer()))
        assert len(open_recordings(sfu)) == 3
        await room.destroy()
        assert open_recordings(sfu) == []


async def test_switches_take_effect_in_the_order_of_the_calls(sfu: Sfu, room: SfuRoom) -> None:
    async with publishing(room, "ada"):
        for _ in range(100):
            await asyncio.gather(room.set_recording(True), room.set_recording(False))
        assert open_recordings(sfu) == []
        assert len(recorded(room)) == 200
        for _ in range(100):
            await asyncio.gather(room.set_recording(False), room.set_recording(True))
        assert len(open_recordings(sfu)) == 2


async def test_a_clients_own_request_cannot_switch_recording(sfu: Sfu, room: SfuRoom, tmp_path: Path) -> None:
    other = SfuRoom(room._client, room.room_id, tmp_path)
    other._control = await room._client.attach(lambda _: None)
    with pytest.raises(RequestRefused) as raised:
        await other.set_recording(True)
    assert raised.value.code == 433
    assert open_recordings(sfu) == []


async def test_a_destroyed_room_is_gone_and_its_id_free(sfu: Sfu, room: SfuRoom) -> None:
    async with publishing(room, "ada") as (_, publisher):
        events: asyncio.Queue[ConnectionEvent] = asyncio.Queue()
        publisher.on_event(events.put_nowait)
        with pytest.raises(RequestRefused):
            await sfu.create_room("session-1", room.recording_dir)
        await room.destroy()
        await room.destroy()
        with pytest.raises(WrongState):
            await room.subscriber()
        again = await sfu.create_room("session-1", room.recording_dir)
        await again.destroy()


async def test_a_recording_directory_that_cannot_be_made_is_told(sfu: Sfu, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SfuError, match="recording directory"):
        await sfu.create_room("session-1", tmp_path / "file" / "rtp")


@pytest.mark.parametrize("name", ["", "../up", "a b", "a" * 81, "ümlaut"])
async def test_ids_must_be_plain_names(sfu: Sfu, room: SfuRoom, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not usable"):
        await sfu.create_room(name, tmp_path)
    with pytest.raises(ValueError, match="not usable"):
        await room.publisher(name, "Ada")


async def next_event(events: asyncio.Queue[ConnectionEvent], kind: type[ConnectionEvent]) -> ConnectionEvent:
    while True:
        event = await asyncio.wait_for(events.get(), PATIENCE_S)
        if isinstance(event, kind):
            return event


def recorded(room: SfuRoom) -> list[str]:
    return [path.name for path in room.recording_dir.iterdir()]


def open_recordings(sfu: Sfu) -> list[str]:
    """The packet files that Janus has open."""
    targets = [path.readlink() for path in Path(f"/proc/{sfu.pid}/fd").iterdir() if path.is_symlink()]
    return [target.name for target in targets if target.suffix == ".mjr"]


async def grows(path: Path) -> None:
    before = path.stat().st_size

    async def grew() -> bool:
        return path.stat().st_size > before

    await wait_until(grew, timeout_s=PATIENCE_S)
