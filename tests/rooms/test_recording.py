"""The recording switch, its marks, and what clients are told."""

import asyncio
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty

from reelkit.capture.events import CaptureSwitched, RecordingMarked
from reelkit.rooms.errors import JournalUnavailable, MediaUnavailable, NotFound, RoomClosed
from reelkit.rooms.events import RoomEvent
from reelkit.rooms.proto import media_edge_pb2, room_pb2
from reelkit.rooms.proto.recording_pb2 import RecordingEvent
from reelkit.rooms.recording import FIRST_PACKET_TIMEOUT_S
from reelkit.rooms.session import OPENED_S
from reelkit.sfu import SfuTimeout
from tests.rooms.manual_clock import START_S, settle
from tests.rooms.meeting import KEEP_ALIVE_S, MEETING, FakeClient, FakeMeeting


def packet_file(meeting: FakeMeeting, client: FakeClient, mindex: int, *, packets: bool) -> None:
    """Janus opens a file, and may write a packet to it."""
    room = meeting.sfu_room
    path = room.recording_dir / f"videoroom-{room.room_id}-user-{client.id}-1-audio-{mindex}.mjr"
    header = b'{"t":"a","c":"opus","s":1000000,"u":2000000}'
    packet = b"\x80\x6f" + bytes(10) + b"payload"
    record = b"MEET" + bytes(4) + len(packet).to_bytes(2, "big") + packet
    path.write_bytes(b"MJR00002" + (len(header).to_bytes(2, "big") + header + record if packets else b""))


def marked(meeting: FakeMeeting) -> list[str]:
    """The marks and switches of the journal in short."""
    shorts: list[str] = []
    for event in meeting.journal():
        if isinstance(event, RecordingMarked):
            shorts.append(f"{event.recording_id} {event.mark}")
        elif isinstance(event, CaptureSwitched):
            shorts.append("on" if event.on else "off")
    return shorts


async def test_a_recording_without_senders_begins_at_once(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    assert await meeting.room.start_capture("r1") == START_S
    assert meeting.sfu_room.switches == [True]
    assert await meeting.room.stop_capture("r1", "stopped") == START_S
    assert meeting.sfu_room.switches == [True, False]
    assert marked(meeting) == ["on", "r1 started", "r1 stopped", "off"]


async def test_recording_means_that_packets_are_on_disk(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.produce("audio")
    start = asyncio.create_task(meeting.room.start_capture("r1"))
    await meeting.clock.advance(0.02)
    assert not start.done()
    # A file of another stream, and the right one without a packet, are not enough.
    packet_file(meeting, alice, 0, packets=True)
    packet_file(meeting, alice, 2, packets=False)
    await meeting.clock.advance(0.02)
    assert not start.done()
    packet_file(meeting, alice, 2, packets=True)
    await meeting.clock.advance(0.02)
    # The mark is the moment at which Janus was told, not that of the first packet.
    assert await start == START_S


async def test_an_old_file_is_no_proof(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.produce("audio")
    packet_file(meeting, alice, 2, packets=True)
    start = asyncio.create_task(meeting.room.start_capture("r1"))
    await meeting.clock.advance(0.1)
    assert not start.done()
    await meeting.clock.advance(FIRST_PACKET_TIMEOUT_S)
    assert await start == START_S


async def test_nobody_is_waited_for_who_is_muted(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.produce("audio", paused=True)
    assert await meeting.room.start_capture("r1") == START_S


async def test_recordings_share_the_switch(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    room = meeting.room
    await room.start_capture("r1")
    await meeting.clock.advance(1)
    assert await room.start_capture("r2") == START_S + 1
    assert await room.start_capture("r1") == START_S
    await room.stop_capture("r1", "stopped")
    assert meeting.sfu_room.switches == [True]
    await room.stop_capture("r2", "stopped")
    assert meeting.sfu_room.switches == [True, False]
    assert marked(meeting) == ["on", "r1 started", "r2 started", "r1 stopped", "r2 stopped", "off"]


async def test_a_pause_switches_off_and_a_resume_on(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    room = meeting.room
    await room.start_capture("r1")
    await room.stop_capture("r1", "paused")
    await room.start_capture("r1")
    await room.stop_capture("r1", "paused")
    await room.stop_capture("r1", "stopped")
    assert marked(meeting) == [
        "on",
        "r1 started",
        "r1 paused",
        "off",
        "on",
        "r1 resumed",
        "r1 paused",
        "off",
        "r1 stopped",
    ]
    with pytest.raises(NotFound):
        await room.stop_capture("r1", "stopped")


async def test_a_recording_without_packets_only_has_marks(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.produce("audio")
    room = meeting.room
    assert await room.start_capture("page", packets=False) == START_S
    bob = await meeting.connect("bob")
    complete: media_edge_pb2.PeerJoinCompleteResponse = await bob.join()
    assert complete.room_state.is_recording
    await room.stop_capture("page", "paused")
    await room.start_capture("page", packets=False)
    await room.stop_capture("page", "stopped")
    assert meeting.sfu_room.switches == []
    assert marked(meeting) == ["page started", "page paused", "page resumed", "page stopped"]


async def test_packets_are_recorded_while_somebody_wants_them(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    room = meeting.room
    await room.start_capture("page", packets=False)
    await room.start_capture("film")
    await room.start_capture("other", packets=False)
    assert meeting.sfu_room.switches == [True]
    await room.stop_capture("other", "stopped")
    await room.stop_capture("film", "paused")
    assert meeting.sfu_room.switches == [True, False]
    await room.start_capture("film")
    await room.stop_capture("page", "stopped")
    assert meeting.sfu_room.switches == [True, False, True]
    await room.stop_capture("film", "stopped")
    assert meeting.sfu_room.switches == [True, False, True, False]


async def test_a_recording_without_packets_does_not_need_janus(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    room = meeting.room
    await room.start_capture("page", packets=False)
    await meeting.sfu.die()
    await room.stop_capture("page", "paused")
    await room.start_capture("page", packets=False)
    await meeting.sfu.revive()
    assert meeting.sfu_room.switches == []
    await room.start_capture("film")
    await meeting.sfu.die()
    await meeting.sfu.revive()
    assert meeting.sfu_room.switches == [True]
    await room.stop_capture("page", "stopped")
    assert meeting.sfu_room.switches == [True]


async def test_janus_is_away(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    await meeting.sfu.die()
    with pytest.raises(MediaUnavailable) as caught:
        await meeting.room.start_capture("r1")
    assert caught.value.retry
    assert marked(meeting) == []
    with pytest.raises(NotFound):
        await meeting.room.stop_capture("r1", "stopped")


async def test_without_a_mark_there_is_no_recording(meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch) -> None:
    await meeting.joined("alice")
    room = meeting.room

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(room.journal, "append", full)
        with pytest.raises(JournalUnavailable, match="No space left"):
            await room.start_capture("r1")
    assert meeting.sfu_room.switches == [True, False]
    await room.start_capture("r1")
    with monkeypatch.context() as patch:
        patch.setattr(room.journal, "append", full)
        with pytest.raises(JournalUnavailable):
            await room.stop_capture("r1", "stopped")
    await room.stop_capture("r1", "stopped")
    assert meeting.sfu_room.switches == [True, False, True, False]
    assert marked(meeting) == ["on", "r1 started", "r1 stopped", "off"]


async def test_a_switch_that_may_have_happened_is_undone(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    meeting.sfu_room.switch_error = SfuTimeout("no answer")
    with pytest.raises(SfuTimeout):
        await meeting.room.start_capture("r1")
    assert meeting.sfu_room.switches == [True, False]
    meeting.sfu_room.switch_error = None
    await meeting.room.start_capture("r1")
    assert marked(meeting) == ["on", "r1 started"]


async def test_a_stop_succeeds_even_if_janus_does_not_answer(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    await meeting.room.start_capture("r1")
    meeting.sfu_room.switch_error = SfuTimeout("no answer")
    await meeting.room.stop_capture("r1", "stopped")
    assert marked(meeting) == ["on", "r1 started", "r1 stopped", "off"]


async def test_a_start_outlives_its_caller(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.produce("audio")
    start = asyncio.create_task(meeting.room.start_capture("r1"))
    await settle()
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    await meeting.room.stop_capture("r1", "stopped")
    assert marked(meeting) == ["on", "r1 started", "r1 stopped", "off"]


async def test_the_session_ends_while_a_recording_begins(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.produce("audio")
    start = asyncio.create_task(meeting.room.start_capture("r1"))
    await settle()
    await meeting.room.life.end()
    # Not a cancellation: whoever waits is not the one who was stopped.
    with pytest.raises(RoomClosed):
        await start


@pytest.mark.parametrize("mark", ["stopped", "paused"])
async def test_a_recording_keeps_an_empty_session(meeting: FakeMeeting, mark: str) -> None:
    alice = await meeting.joined("alice")
    room = meeting.room
    await room.start_capture("r1")
    await alice.close()
    await meeting.clock.advance(3 * KEEP_ALIVE_S)
    assert meeting.room is room
    if mark == "paused":
        await room.stop_capture("r1", "paused")
        await meeting.clock.advance(3 * KEEP_ALIVE_S)
        assert meeting.room is room
    await room.stop_capture("r1", "stopped")
    await meeting.clock.advance(KEEP_ALIVE_S + 1)
    assert meeting.gateway.room_of(MEETING) is None
    with pytest.raises(RoomClosed):
        await room.start_capture("r2")


async def test_a_session_waits_for_the_recording_that_holds_it(meeting: FakeMeeting) -> None:
    room = await meeting.gateway.open_room(MEETING, "A meeting", session_keep_alive_s=0)
    room.hold("r1")
    room.hold("r2")
    await meeting.clock.advance(OPENED_S + 100)
    room.release("r1")
    await meeting.clock.advance(100)
    assert meeting.gateway.room_of(MEETING) is room
    await room.start_capture("r2", packets=False)
    room.release("r2")
    room.release("r2")
    await meeting.clock.advance(100)
    assert meeting.gateway.room_of(MEETING) is room
    await room.stop_capture("r2", "stopped")
    await meeting.clock.advance(1)
    assert meeting.gateway.room_of(MEETING) is None


async def test_everybody_hears_of_recordings(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    room = meeting.room
    await room.announce_recording("r1", "RECORDING")
    await room.announce_recording("r1", "PAUSED")
    bob = await meeting.joined("bob")
    info = await bob.ask(RoomEvent.GET_ROOM_INFO, Empty(), room_pb2.RoomInfoResponse)
    assert [(r.recording_id, r.recording_status) for r in info.room.active_recordings] == [("r1", "PAUSED")]
    await room.announce_recording("r1", "RECORDING")
    await room.announce_recording("r1", "STOPPED")
    await settle()
    notices = {RoomEvent.RECORDING_STARTED, RoomEvent.RECORDING_PAUSED, RoomEvent.RECORDING_STOPPED}
    assert [RoomEvent(event).name for event in alice.events() if event in notices] == [
        "RECORDING_STARTED",
        "RECORDING_PAUSED",
        "RECORDING_STARTED",
        "RECORDING_STOPPED",
    ]
    assert [event for event in bob.events() if event in notices] == [
        RoomEvent.RECORDING_STARTED,
        RoomEvent.RECORDING_STOPPED,
    ]
    (stopped,) = bob.pushed(RoomEvent.RECORDING_STOPPED, RecordingEvent)
    assert stopped.recording_id == "r1"
    info = await bob.ask(RoomEvent.GET_ROOM_INFO, Empty(), room_pb2.RoomInfoResponse)
    assert list(info.room.active_recordings) == []


async def test_a_media_room_says_whether_it_is_recorded(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    await meeting.room.start_capture("r1")
    bob = await meeting.connect("bob")
    complete: media_edge_pb2.PeerJoinCompleteResponse = await bob.join()
    assert complete.room_state.is_recording


async def test_files_lie_where_the_renderer_looks(meeting: FakeMeeting, tmp_path: Path) -> None:
    await meeting.joined("alice")
    room = meeting.room
    assert room.capture_dir == tmp_path / "captures" / room.session_id
    assert meeting.sfu_room.recording_dir == room.capture_dir / "rtp"
    assert meeting.sfu_room.room_id == room.session_id


async def test_a_recording_of_a_deserted_session_keeps_it_alive(meeting: FakeMeeting) -> None:
    room = await meeting.gateway.open_room(MEETING, "A meeting", session_keep_alive_s=KEEP_ALIVE_S)
    await meeting.clock.advance(KEEP_ALIVE_S / 2)
    await room.start_capture("r1")
    await meeting.clock.advance(KEEP_ALIVE_S * 2)
    assert meeting.gateway.room_of(MEETING) is room
    await room.stop_capture("r1", "stopped")
    await meeting.clock.advance(KEEP_ALIVE_S)
    assert meeting.gateway.room_of(MEETING) is None


async def test_a_room_that_was_opened_waits_for_its_recording(meeting: FakeMeeting) -> None:
    room = await meeting.gateway.open_room(MEETING, "A meeting", session_keep_alive_s=0)
    await meeting.clock.advance(1)
    await room.start_capture("r1")
    await room.stop_capture("r1", "stopped")
    # Just before a session ends one may also be begun in it.
    await meeting.clock.advance(OPENED_S - 1.1)
    assert await meeting.gateway.open_room(MEETING, "A meeting") is room
    await meeting.clock.advance(1)
    await room.start_capture("r2")
    await room.stop_capture("r2", "stopped")
    await meeting.clock.advance(OPENED_S)
    assert meeting.gateway.room_of(MEETING) is None
