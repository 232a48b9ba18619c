import pytest

from reelkit.capture.events import (
    Event,
    MediaKind,
    PeerJoined,
    PeerLeft,
    PeerPictureStored,
    PeerRenamed,
    PeerStageChanged,
    ProducerClosed,
    ProducerOpened,
    ProducerPaused,
    ProducerResumed,
    SessionEnded,
    SessionStarted,
    SfuLost,
    Source,
    SpeakerChanged,
)
from reelkit.render.errors import TimelineError
from reelkit.render.meeting import Meeting, MeetingState, advance
from reelkit.render.seating import GRID_SEATS, STRIP_SEATS, Spotlight


def joined(at_s: float, peer_id: str, name: str = "", *, hidden: bool = False) -> PeerJoined:
    return PeerJoined(time_s=at_s, peer_id=peer_id, participant_id=f"of-{peer_id}", name=name or peer_id, hidden=hidden)


def opened(
    at_s: float, producer_id: str, peer_id: str, source: Source = Source.CAMERA, *, paused: bool = False
) -> ProducerOpened:
    kind = MediaKind.VIDEO if source in (Source.CAMERA, Source.SCREEN) else MediaKind.AUDIO
    return ProducerOpened(
        time_s=at_s,
        producer_id=producer_id,
        peer_id=peer_id,
        feed=peer_id,
        mid="0",
        mindex=0,
        kind=kind,
        source=source,
        codec="vp8" if kind is MediaKind.VIDEO else "opus",
        paused=paused,
    )


def after(*events: Event) -> MeetingState:
    meeting = Meeting()
    meeting.extend(events)
    return meeting.at(1e12)


def test_peers_are_in_order_of_joining() -> None:
    state = after(
        SessionStarted(time_s=0, session_id="s", meeting_id="m", title="Planning"),
        joined(1, "ada"),
        joined(2, "bob"),
        PeerLeft(time_s=3, peer_id="ada"),
        joined(4, "ada"),
    )

    assert state.title == "Planning"
    assert [peer.peer_id for peer in state.peers] == ["bob", "ada"]


def test_a_peer_that_comes_back_without_having_left_keeps_its_place() -> None:
    state = after(joined(1, "ada"), joined(2, "bob"), joined(3, "ada", "Ada L."))

    assert [peer.name for peer in state.peers] == ["Ada L.", "bob"]


def test_renaming_changes_one_name() -> None:
    state = after(joined(1, "ada"), joined(2, "bob"), PeerRenamed(time_s=3, peer_id="bob", name="Robert"))

    assert [peer.name for peer in state.peers] == ["ada", "Robert"]


def test_whoever_is_off_the_stage_has_no_seat() -> None:
    viewer = PeerJoined(time_s=2, peer_id="bob", participant_id="of-bob", name="bob", on_stage=False)
    state = after(joined(1, "ada"), viewer, SpeakerChanged(time_s=3, peer_id="bob"))
    assert (state.grid.seated, state.spotlight.shown, state.spoken) == (("ada",), ("ada",), ())
    state = advance(state, PeerStageChanged(time_s=4, peer_id="bob", on_stage=True))
    assert state.grid.seated == ("ada", "bob")
    left = advance(state, PeerStageChanged(time_s=5, peer_id="bob", on_stage=False))
    assert (left.grid.seated, [peer.name for peer in left.peers]) == (("ada",), ["ada", "bob"])
    assert advance(left, PeerStageChanged(time_s=6, peer_id="bob", on_stage=False)) is left


def test_a_producer_is_paused_resumed_and_closed() -> None:
    meeting = Meeting()
    meeting.extend(
        [
            joined(1, "ada"),
            opened(2, "cam", "ada"),
            ProducerPaused(time_s=3, producer_id="cam"),
            ProducerResumed(time_s=4, producer_id="cam"),
            ProducerResumed(time_s=4.5, producer_id="cam"),
            ProducerClosed(time_s=5, producer_id="cam"),
            ProducerPaused(time_s=6, producer_id="cam"),
        ]
    )
    seen = {}
    for at_s in (1.5, 2.5, 3.5, 4.7, 5.5, 6.5):
        producer = meeting.at(at_s).producer("ada", Source.CAMERA)
        seen[at_s] = producer and (producer.paused, producer.since_s)

    assert seen == {1.5: None, 2.5: (False, 2), 3.5: (True, 3), 4.7: (False, 4), 5.5: None, 6.5: None}


def test_the_newest_producer_of_a_source_counts() -> None:
    state = after(joined(1, "ada"), opened(2, "old", "ada"), opened(3, "new", "ada", paused=True))
    producer = state.producer("ada", Source.CAMERA)

    assert producer is not None
    assert (producer.producer_id, producer.paused) == ("new", True)


def test_who_leaves_takes_everything_along() -> None:
    state = after(
        joined(1, "ada"),
        joined(1, "bob"),
        opened(2, "a", "ada"),
        opened(2, "b", "bob", Source.MICROPHONE),
        SpeakerChanged(time_s=3, peer_id="ada"),
        PeerLeft(time_s=4, peer_id="ada"),
    )

    assert [producer.producer_id for producer in state.producers] == ["b"]
    assert state.speaker is None


def test_all_producers_are_gone_with_the_sfu() -> None:
    state = after(joined(1, "ada"), opened(2, "a", "ada"), SfuLost(time_s=3, reason="killed"))

    assert state.producers == ()
    assert [peer.peer_id for peer in state.peers] == ["ada"]


def test_the_session_ends_empty() -> None:
    assert after(joined(1, "ada"), opened(2, "a", "ada"), SessionEnded(time_s=3)).peers == ()


def test_the_state_is_that_of_the_instant_and_the_same_object_while_nothing_happens() -> None:
    meeting = Meeting()
    meeting.extend([joined(1, "ada"), joined(2, "bob")])

    first = meeting.at(1.0)
    assert [peer.peer_id for peer in first.peers] == ["ada"]
    assert meeting.at(1.999) is first
    assert len(meeting.at(2.0).peers) == 2


def test_events_that_come_late_still_count() -> None:
    meeting = Meeting()
    assert meeting.at(10).peers == ()
    meeting.extend([joined(9.9, "ada")])

    assert len(meeting.at(10).peers) == 1


def test_what_comes_next_can_be_looked_at() -> None:
    meeting = Meeting()
    meeting.extend([joined(1, "ada"), joined(2, "bob"), joined(3, "cy")])
    meeting.at(1)

    assert [event.time_s for event in meeting.upcoming(2.5)] == [2]
    assert len(meeting.at(1).peers) == 1


def test_time_does_not_run_backwards() -> None:
    meeting = Meeting()
    meeting.at(10)
    with pytest.raises(TimelineError):
        meeting.at(9)


def test_a_replay_gives_the_same_state() -> None:
    events: list[Event] = [
        joined(1, "ada"),
        opened(2, "cam", "ada"),
        ProducerPaused(time_s=3, producer_id="cam"),
        joined(4, "bob", hidden=True),
        SpeakerChanged(time_s=5, peer_id="bob"),
    ]
    stepped = MeetingState()
    for event in events:
        stepped = advance(stepped, event)

    assert after(*events) == stepped


def test_a_picture_belongs_to_its_peer_until_it_leaves() -> None:
    stored = PeerPictureStored(time_s=2, peer_id="ada", file="pictures/a.png")
    unknown = PeerPictureStored(time_s=2, peer_id="nobody", file="pictures/b.png")

    assert [peer.picture for peer in after(joined(1, "ada"), joined(1, "bob"), stored, unknown).peers] == [
        "pictures/a.png",
        None,
    ]
    assert after(joined(1, "ada"), stored, joined(3, "ada", "Ada L.")).peers[0].picture == "pictures/a.png"
    assert after(joined(1, "ada"), stored, PeerLeft(time_s=3, peer_id="ada"), joined(4, "ada")).peers[0].picture is None


def test_recent_speakers_have_seats() -> None:
    crowd = [joined(number, f"p{number}") for number in range(30)]
    hidden = joined(30, "recorder", hidden=True)
    speeches = [SpeakerChanged(time_s=40 + index, peer_id=f"p{number}") for index, number in enumerate((28, 29, 3, 28))]
    state = after(*crowd, hidden, *speeches, SpeakerChanged(time_s=50, peer_id="recorder"))

    assert state.spoken == ("p28", "p3", "p29")
    assert len(state.grid.seated) == GRID_SEATS
    assert len(state.strip.seated) == STRIP_SEATS
    assert {"p28", "p29", "p3"} <= set(state.grid.seated)
    assert {"p28", "p29", "p3"} <= set(state.strip.seated)
    assert state.grid.seated[:4] == ("p28", "p29", "p2", "p3"), "each in the place of the one who was silent longest"
    assert "recorder" not in state.grid.seated


def test_seats_are_freed_when_everybody_is_gone() -> None:
    state = after(joined(1, "ada"), joined(2, "bob"), SessionEnded(time_s=3))

    assert state.grid.seated == state.strip.seated == ()


def test_what_the_last_moments_changed_is_remembered() -> None:
    meeting = Meeting(memory_s=1.0)
    meeting.extend(
        [joined(1, "ada"), joined(2, "bob"), joined(2, "cy"), joined(2.5, "di"), PeerLeft(time_s=9, peer_id="x")]
    )
    meeting.at(2.9)

    assert [(change.since_s, len(change.state.peers)) for change in meeting.changes] == [(1, 1), (2, 3), (2.5, 4)]
    meeting.at(3.0)
    assert [change.since_s for change in meeting.changes] == [2, 2.5]
    meeting.at(100.0)
    assert len(meeting.changes[-1].state.peers) == 4
    assert len(meeting.changes) == 1


def test_a_clock_that_was_set_back_does_not_unorder_changes() -> None:
    meeting = Meeting(memory_s=10.0)
    meeting.extend([joined(5, "ada"), joined(3, "bob"), joined(6, "cy")])
    meeting.at(6)

    assert [(change.since_s, len(change.state.peers)) for change in meeting.changes][1:] == [(5, 2), (6, 3)]


def test_the_stage_is_the_latest_speakers_also_in_silence_and_while_hidden_people_speak() -> None:
    crowd: list[Event] = [joined(1, "ada"), joined(2, "bob"), joined(3, "cy"), joined(4, "recorder", hidden=True)]
    spoken: list[Event] = [*crowd, SpeakerChanged(time_s=5, peer_id="bob"), SpeakerChanged(time_s=6, peer_id="cy")]
    later: list[Event] = [
        SpeakerChanged(time_s=7, peer_id=None),
        SpeakerChanged(time_s=7, peer_id="recorder"),
        SpeakerChanged(time_s=7, peer_id="nobody"),
        SfuLost(time_s=7, reason="killed"),
        joined(7, "cy", "Cy again"),
    ]

    assert after(*crowd).spotlight.shown == ("ada", "bob", "cy")
    assert after(*spoken).spotlight.shown == ("cy", "ada", "bob")
    for event in later:
        assert after(*spoken, event).spotlight.shown == ("cy", "ada", "bob")
    assert after(*spoken, PeerLeft(time_s=7, peer_id="cy")).spotlight.shown == ("bob", "ada")
    assert after(*spoken, SessionEnded(time_s=7)).spotlight == Spotlight()


def test_beside_the_stage_are_as_many_as_beside_a_screen() -> None:
    state = after(*(joined(number, f"p{number}") for number in range(30)), SpeakerChanged(time_s=40, peer_id="p29"))

    assert state.spotlight.shown == ("p29", *(f"p{number}" for number in range(1, STRIP_SEATS + 1)))
