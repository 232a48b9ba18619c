"""What clients are told about livestreams."""

from reelkit.rooms.events import RoomEvent
from reelkit.rooms.livestream_notices import LivestreamNotice
from reelkit.rooms.proto.livestreaming_pb2 import LiveStreamingEvent
from tests.rooms.manual_clock import settle
from tests.rooms.meeting import MEETING, FakeMeeting


async def test_everybody_who_has_joined_is_told(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    outside = await meeting.connect("bob")
    for notice in (
        LivestreamNotice("s1", "INVOKED", "Show", "https://live.example.com/s1"),
        LivestreamNotice("s1", "LIVE", "Show", "https://live.example.com/s1"),
        LivestreamNotice("s1", "IDLE"),
        LivestreamNotice("s1", "ERRORED", error="the renderer gave up"),
    ):
        meeting.room.announce_livestream(notice)
    await settle()
    wanted = [
        RoomEvent.LIVESTREAM_INVOKED,
        RoomEvent.LIVESTREAM_STARTED,
        RoomEvent.LIVESTREAM_STOPPED,
        RoomEvent.LIVESTREAM_ERRORED,
    ]
    assert [event for event in alice.events() if event in wanted] == wanted == [44, 8, 9, 10]
    assert not [event for event in outside.events() if event in wanted]
    (live,) = alice.pushed(RoomEvent.LIVESTREAM_STARTED, LiveStreamingEvent)
    assert (live.livestream_id, live.status, live.name, live.meeting_id) == ("s1", "LIVE", "Show", MEETING)
    assert (live.playback_url, live.manual_ingest) == ("https://live.example.com/s1", False)
    assert live.room_uuid == meeting.room.session_id
    (errored,) = alice.pushed(RoomEvent.LIVESTREAM_ERRORED, LiveStreamingEvent)
    assert errored.err_message == "the renderer gave up"
