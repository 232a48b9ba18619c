"""What is kept of chats, and for how long."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from sqlalchemy import text

from reelkit.control import chat_queue
from reelkit.control.chat_book import RETRY_S, WRITE_INTERVAL_S
from reelkit.control.chat_expiry import CHECK_INTERVAL_S
from reelkit.control.errors import Conflict, NotFound
from reelkit.control.meeting_params import MeetingParams
from reelkit.control.meetings import Meeting
from reelkit.db.errors import DatabaseUnavailable
from reelkit.process import wait_until
from reelkit.rooms.admission import Admission
from reelkit.rooms.chat import Chat
from reelkit.rooms.envelope import decode, encode
from reelkit.rooms.events import ChatEvent, RoomEvent
from reelkit.rooms.gateway import Gateway
from reelkit.rooms.proto import chat_pb2, room_pb2
from reelkit.settings import ChatSettings
from tests.control.fakes import FakeRoom
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.patience import PATIENCE_S
from tests.rooms.meeting import FakeClient, FakeMeeting

WEEK_S = 7 * 86_400


def say(chat: Chat, words: str, harness: Harness, *targets: str, payload_type: int = 0) -> str:
    """Ada writes something; returns its id."""
    message = chat.add(
        peer_id="peer-ada",
        user_id="ada",
        name="Ada",
        payload_type=payload_type,
        payload=words,
        time_s=harness.clock.time_s(),
        targets=targets,
    )
    return message.chat_id


async def rows(harness: Harness, session_id: str, *, spreadsheet: bool = False) -> list[dict[str, str]]:
    """The CSV of a session."""
    pieces = await harness.plane.chats.csv(harness.app.id, session_id, spreadsheet=spreadsheet)
    whole = b"".join([piece async for piece in pieces]).decode("utf-8-sig" if spreadsheet else "utf-8")
    return list(csv.DictReader(io.StringIO(whole, newline="")))


async def words(harness: Harness, session_id: str) -> list[str]:
    return [row["payload"] for row in await rows(harness, session_id)]


async def stored(harness: Harness) -> list[str]:
    """What is in the database, whether or not anybody may read it."""
    async with harness.database.session() as session:
        return list(await session.scalars(text("SELECT payload FROM chat_messages ORDER BY sequence")))


async def live_room(harness: Harness, **fields: object) -> tuple[Meeting, FakeRoom]:
    meeting = await harness.attended_meeting(**fields)
    return meeting, harness.room(meeting)


async def test_a_row_says_all_of_a_message(harness: Harness) -> None:
    meeting, room = await live_room(harness)
    await harness.clock.advance(1.25)
    chat_id = say(room.chat, 'Hello, "world"\nand ümläuts 🎉', harness)
    say(room.chat, "https://files.example.com/a.png", harness, payload_type=1)
    say(room.chat, '{"link": "x"}', harness, payload_type=2)
    say(room.chat, "anything", harness, payload_type=3)
    first, *others = await rows(harness, room.session_id)
    assert first == {
        "id": chat_id,
        "participantId": "ada",
        "sessionId": room.session_id,
        "meetingId": meeting.id,
        "displayName": "Ada",
        "pinned": "false",
        "isEdited": "false",
        "payloadType": "TEXT_MESSAGE",
        "payload": 'Hello, "world"\nand ümläuts 🎉',
        "createdAt": "2026-01-01T00:00:01.250Z",
    }
    assert [row["payloadType"] for row in others] == ["IMAGE_MESSAGE", "FILE_MESSAGE", "CUSTOM_MESSAGE"]


async def test_edits_pins_and_deletions_are_applied(harness: Harness) -> None:
    _, room = await live_room(harness)
    ids = [say(room.chat, each, harness) for each in ("a", "b", "c")]
    room.chat.replace(ids[0], payload="A")
    room.chat.delete(ids[1])
    assert await words(harness, room.session_id) == ["A", "c"]
    room.chat.replace(ids[0], payload="A!")
    room.chat.replace(ids[2], pinned=True)
    late = say(room.chat, "d", harness)
    room.chat.delete(late)
    found = await rows(harness, room.session_id)
    assert [(row["payload"], row["isEdited"], row["pinned"]) for row in found] == [
        ("A!", "true", "false"),
        ("c", "false", "true"),
    ]
    room.chat.delete(ids[0])
    assert await words(harness, room.session_id) == ["c"]


async def test_private_messages_are_not_even_written(harness: Harness) -> None:
    _, room = await live_room(harness)
    say(room.chat, "psst", harness, "ada", "bob")
    with pytest.raises(NotFound, match="nothing was written"):
        await harness.plane.chats.link(harness.app.id, room.session_id)
    say(room.chat, "hello", harness)
    assert await words(harness, room.session_id) == ["hello"]
    assert await stored(harness) == ["hello"]


async def test_a_killed_server_loses_a_moment(tmp_path: Path) -> None:
    clock = ManualClock()
    crashed = Harness(tmp_path, clock)
    await crashed.open()
    _, room = await live_room(crashed)
    say(room.chat, "written", crashed)
    await clock.advance(WRITE_INTERVAL_S)

    async def written() -> bool:
        return await stored(crashed) == ["written"]

    await wait_until(written, timeout_s=PATIENCE_S, interval_s=0.002)
    say(room.chat, "lost", crashed)
    await crashed.crash()
    async with harness_at(tmp_path, clock) as harness:
        assert await words(harness, room.session_id) == ["written"]


async def test_no_message_waits_for_the_database(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    _, room = await live_room(harness)
    transaction = harness.database.transaction

    def refuse() -> None:
        raise DatabaseUnavailable("the disk is gone")

    monkeypatch.setattr(harness.database, "transaction", refuse)
    first = say(room.chat, "a", harness)
    await harness.clock.advance(WRITE_INTERVAL_S)
    say(room.chat, "b", harness)
    room.chat.replace(first, payload="A")
    with pytest.raises(DatabaseUnavailable):
        await harness.plane.chats.link(harness.app.id, room.session_id)
    monkeypatch.setattr(harness.database, "transaction", transaction)
    await harness.clock.advance(RETRY_S)
    assert await words(harness, room.session_id) == ["A", "b"]


async def test_what_waits_is_bounded(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    _, room = await live_room(harness)
    kept = say(room.chat, "kept", harness)
    await words(harness, room.session_id)
    monkeypatch.setattr(chat_queue, "MAX_QUEUED_BYTES", 1_000)
    say(room.chat, "a" * 500, harness)
    say(room.chat, "b" * 500, harness)
    # Neither what it was before an edit that cannot be kept, nor what was deleted.
    room.chat.replace(kept, payload="c" * 500)
    assert await words(harness, room.session_id) == ["a" * 500]
    assert harness.metric("reelkit_chat_unkept_total", reason="queue_full") == 2


async def test_a_session_that_writes_too_much(tmp_path: Path) -> None:
    async with harness_at(tmp_path, chat=ChatSettings(max_session_bytes=1 << 20)) as harness:
        _, room = await live_room(harness)
        first, second, *_ = [say(room.chat, letter * 100_000, harness) for letter in "abcdefghij"]
        say(room.chat, "k" * 100_000, harness)
        room.chat.replace(second, pinned=True)
        assert "".join(each[0] for each in await words(harness, room.session_id)) == "abcdefghij"
        room.chat.replace(first, payload="A" * 110_000)
        assert "".join(each[0] for each in await words(harness, room.session_id)) == "bcdefghij"
        assert harness.metric("reelkit_chat_unkept_total", reason="session_full") == 2


@pytest.fixture
async def persisting(harness: Harness) -> Meeting:
    return await harness.attended_meeting(persist_chat=True)


async def again(harness: Harness, meeting: Meeting) -> FakeRoom:
    """The next session of a meeting."""
    await harness.gateway.end(meeting.id)
    await harness.gateway.join(meeting.id)
    return harness.room(meeting)


async def test_a_persistent_chat_is_there_again(harness: Harness, persisting: Meeting) -> None:
    first = harness.room(persisting)
    ids = [say(first.chat, each, harness) for each in ("a", "b", "c")]
    say(first.chat, "psst", harness, "ada", "bob")
    first.chat.replace(ids[0], pinned=True)
    second = await again(harness, persisting)
    assert second.session_id != first.session_id
    seen = second.chat.visible_to("carol")
    assert [(message.payload, message.pinned) for message in seen] == [("a", True), ("b", False), ("c", False)]
    assert [message.payload for message in second.chat.visible_to("bob")] == ["a", "b", "c", "psst"]
    assert seen == [first.chat.get(each) for each in ids]
    second.chat.replace(ids[1], payload="B")
    second.chat.delete(ids[2])
    say(second.chat, "d", harness)
    third = await again(harness, persisting)
    assert [message.payload for message in third.chat.visible_to("carol")] == ["a", "B", "d"]
    # Each session has what was written in it.
    assert await words(harness, first.session_id) == ["a", "B"]
    assert await words(harness, second.session_id) == ["d"]
    with pytest.raises(NotFound):
        await words(harness, third.session_id)


async def test_a_persistent_chat_is_gone_after_a_week(harness: Harness, persisting: Meeting) -> None:
    say(harness.room(persisting).chat, "a", harness)
    room = await again(harness, persisting)
    say(room.chat, "b", harness)
    await harness.clock.advance(WEEK_S - 1)
    room = await again(harness, persisting)
    assert [message.payload for message in room.chat.visible_to("carol")] == ["a", "b"]
    await harness.clock.advance(2)
    room = await again(harness, persisting)
    assert [message.payload for message in room.chat.visible_to("carol")] == ["b"]


async def test_chats_do_not_persist_unasked(harness: Harness) -> None:
    meeting, room = await live_room(harness)
    say(room.chat, "a", harness)
    await harness.plane.meetings.update(harness.app.id, meeting.id, MeetingParams(persist_chat=True))
    room = await again(harness, meeting)
    assert room.chat.visible_to("ada") == [], "it was written before anybody asked for it"
    say(room.chat, "b", harness)
    await harness.plane.meetings.update(harness.app.id, meeting.id, MeetingParams(persist_chat=False))
    room = await again(harness, meeting)
    assert room.chat.visible_to("ada") == []


async def test_an_erased_chat_is_nowhere(harness: Harness, persisting: Meeting) -> None:
    first = harness.room(persisting)
    say(first.chat, "a", harness)
    say(first.chat, "psst", harness, "ada", "bob")
    with pytest.raises(Conflict, match="goes on"):
        await harness.plane.chats.erase(harness.app.id, first.session_id)
    second = await again(harness, persisting)
    say(second.chat, "b", harness)
    with pytest.raises(NotFound):
        await harness.plane.chats.erase("another", first.session_id)
    assert await harness.plane.chats.erase(harness.app.id, first.session_id) == 2
    assert await harness.plane.chats.erase(harness.app.id, first.session_id) == 0
    assert [message.payload for message in second.chat.visible_to("bob")] == ["b"]
    with pytest.raises(NotFound):
        await words(harness, first.session_id)
    assert await words(harness, second.session_id) == await stored(harness) == ["b"]


async def test_what_is_erased_while_a_session_begins(
    harness: Harness, persisting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = harness.room(persisting)
    say(first.chat, "a", harness)
    await harness.gateway.end(persisting.id)
    book = harness.plane._chat_book
    read = book._left_of

    async def slowly(meeting_id: str) -> list[chat_pb2.ChatMessage]:
        left = await read(meeting_id)
        await harness.plane.chats.erase(harness.app.id, first.session_id)
        return left

    monkeypatch.setattr(book, "_left_of", slowly)
    await harness.gateway.join(persisting.id)
    assert harness.room(persisting).chat.visible_to("carol") == []


async def test_a_chat_is_deleted_by_the_clock(harness: Harness) -> None:
    meeting, room = await live_room(harness)
    say(room.chat, "a", harness)
    await harness.clock.advance(WEEK_S)
    assert await words(harness, room.session_id) == ["a"], "the session goes on"
    await harness.gateway.end(meeting.id)
    await harness.clock.advance(WEEK_S - 1)
    assert await words(harness, room.session_id) == ["a"]
    await harness.clock.advance(1)
    with pytest.raises(NotFound, match="no longer kept"):
        await harness.plane.chats.link(harness.app.id, room.session_id)

    async def gone() -> bool:
        await harness.clock.advance(CHECK_INTERVAL_S)
        return await stored(harness) == []

    await wait_until(gone, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_links_end_with_the_chat(harness: Harness) -> None:
    meeting, room = await live_room(harness)
    say(room.chat, "a", harness)
    now_s = harness.clock.time_s()
    link = await harness.plane.chats.link(harness.app.id, room.session_id)
    assert link.expires_at.timestamp() == now_s + WEEK_S
    await harness.gateway.end(meeting.id)
    await harness.clock.advance(86_400)
    link = await harness.plane.chats.link(harness.app.id, room.session_id)
    assert link.expires_at.timestamp() == now_s + WEEK_S


class Visitor:
    """A client in a real room."""

    def __init__(self, meeting: FakeMeeting, admission: Admission) -> None:
        self.client = FakeClient(meeting, admission)

    async def asks(self, event: int, request: Message) -> bytes:
        """The answer's payload."""
        before = len(self.client.events())
        self.client.socket.arrive(encode(event, request, str(before)))
        answers: list[bytes] = []

        async def answered() -> bool:
            frames = [decode(frame) for frame in self.client.socket.sent if isinstance(frame, bytes)]
            answers.extend(each.payload for each in frames if each.request_id == str(before) and each.event == event)
            return bool(answers)

        await wait_until(answered, timeout_s=PATIENCE_S, interval_s=0.002)
        return answers[0]

    async def comes(self) -> None:
        peer = room_pb2.Peer(peer_id=self.client.id, display_name=self.client.name)
        await self.asks(RoomEvent.JOIN_ROOM, room_pb2.JoinRoomRequest(peer=peer))

    async def says(self, words: str) -> chat_pb2.ChatMessage:
        request = chat_pb2.SendChatMessageToRoomRequest(payload=words)
        answer = await self.asks(ChatEvent.SEND_TO_ROOM, request)
        return chat_pb2.SendChatMessageToRoomResponse.FromString(answer).message

    async def reads(self) -> list[str]:
        answer = await self.asks(ChatEvent.GET_MESSAGES, Empty())
        return [message.payload for message in chat_pb2.GetChatMessagesResponse.FromString(answer).messages]


async def test_people_in_real_rooms(harness: Harness, tmp_path: Path) -> None:
    meeting = await harness.meeting(persist_chat=True)
    real = FakeMeeting(tmp_path / "real")
    real.gateway = Gateway(real.sfu, harness.settings, harness.clock, tmp_path / "real", harness.plane.observer)

    async def visitor(name: str, visit: str) -> Visitor:
        admission = real.admission(name, peer_id=f"{name}-{visit}")
        came = Visitor(real, replace(admission, meeting_id=meeting.id))
        await came.comes()
        return came

    ada = await visitor("ada", "first")
    room = real.gateway.room_of(meeting.id)
    assert room is not None
    kept, gone = await ada.says("kept"), await ada.says("gone")
    await room.life.end()
    ada, bob = await visitor("ada", "second"), await visitor("bob", "second")
    assert await bob.reads() == ["kept", "gone"]
    await ada.asks(ChatEvent.EDIT_MESSAGE, chat_pb2.EditChatMessageRequest(chat_id=kept.chat_id, payload="better"))
    await ada.asks(ChatEvent.DELETE_MESSAGE, chat_pb2.DeleteChatMessageRequest(chat_id=gone.chat_id))
    assert await bob.reads() == ["better"]
    assert await words(harness, room.session_id) == ["better"]
    await real.gateway.close()


async def test_spreadsheets_find_no_formulas(harness: Harness) -> None:
    _, room = await live_room(harness)
    for each in ("=1+1", "@SUM(A1)", "-2", "harmless"):
        say(room.chat, each, harness)
    assert await words(harness, room.session_id) == ["=1+1", "@SUM(A1)", "-2", "harmless"]
    shown = [row["payload"] for row in await rows(harness, room.session_id, spreadsheet=True)]
    assert shown == ["'=1+1", "'@SUM(A1)", "'-2", "harmless"]


async def test_nul_is_stored_everywhere(harness: Harness) -> None:
    _, room = await live_room(harness)
    say(room.chat, "a\0b", harness)
    assert await words(harness, room.session_id) == ["a\ufffdb"]
