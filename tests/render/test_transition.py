import math
from dataclasses import replace

import pytest

from reelkit.capture.events import Event, PeerJoined, PeerLeft, PeerPictureStored, SessionStarted, SpeakerChanged
from reelkit.render.meeting import Meeting
from reelkit.render.scene import Scene, Share
from reelkit.render.transition import FADE_S, Act, acts_of, arrangement, seen
from tests.render.scenes import person, scene


def joined(at_s: float, peer_id: str) -> PeerJoined:
    return PeerJoined(time_s=at_s, peer_id=peer_id, participant_id=peer_id, name=peer_id)


def at(wall_s: float, *events: Event) -> list[Act]:
    """What is seen at an instant by somebody who begins there."""
    meeting = Meeting(memory_s=FADE_S)
    meeting.extend(events)
    meeting.at(wall_s)
    return seen(acts_of(meeting.changes), wall_s)


def people_of(acts: list[Act]) -> list[tuple[str, ...]]:
    return [tuple(person.peer_id for person in act.scene.people) for act in acts]


MEETING = (
    SessionStarted(time_s=0, session_id="s", meeting_id="m", title="Planning"),
    joined(1, "ada"),
    joined(10, "bob"),
    joined(10.1, "cy"),
    SpeakerChanged(time_s=10.15, peer_id="ada"),
    PeerLeft(time_s=20, peer_id="cy"),
)


@pytest.mark.parametrize(
    ("wall_s", "expected"),
    [
        (0.5, [()]),
        (1.0, [("ada",)]),
        (9.99, [("ada",)]),
        (10.0, [("ada",), ("ada", "bob")]),
        (10.12, [("ada",), ("ada", "bob"), ("ada", "bob", "cy")]),
        (10.3, [("ada", "bob"), ("ada", "bob", "cy")]),
        (10.36, [("ada", "bob", "cy")]),
        (20.2, [("ada", "bob", "cy"), ("ada", "bob")]),
        (20.25, [("ada", "bob")]),
    ],
)
def test_which_arrangements_are_seen(wall_s: float, expected: list[tuple[str, ...]]) -> None:
    assert people_of(at(wall_s, *MEETING)) == expected


def test_what_is_seen_does_not_depend_on_when_one_began_to_look() -> None:
    for begun in range(0, 250, 10):
        meeting = Meeting(memory_s=FADE_S)
        meeting.extend(MEETING)
        state, acts = None, []
        for step in range(begun, 250):
            wall_s = step / 10
            if meeting.at(wall_s) is not state:
                state, acts = meeting.at(wall_s), acts_of(meeting.changes)
            acts = seen(acts, wall_s)
            fresh = at(wall_s, *MEETING)
            assert [act.scene for act in acts] == [act.scene for act in fresh]
            assert [act.opacity(wall_s) for act in acts[1:]] == [act.opacity(wall_s) for act in fresh[1:]]


def test_a_fade_begins_with_the_change_and_ends_in_time() -> None:
    _, act = at(10.0, *MEETING)
    opacities = [act.opacity(10 + step * FADE_S / 8) for step in range(9)]

    assert opacities[0] == 0
    assert opacities[4] == pytest.approx(0.5)
    assert opacities[8] == 1
    assert opacities == sorted(opacities)


def test_the_speaker_changes_at_once() -> None:
    (act,) = at(15.0, *MEETING)
    *_, mixed = at(10.2, *MEETING)

    assert act.scene.people[0].speaking
    assert mixed.scene.people[0].speaking


def test_a_picture_that_arrives_fades_in() -> None:
    stored = PeerPictureStored(time_s=30, peer_id="ada", file="pictures/ada.png")
    before, after = at(30.1, *MEETING, stored)

    assert (before.scene.people[0].portrait, after.scene.people[0].portrait) == (None, "pictures/ada.png")


def test_a_burst_of_changes_is_no_endless_work() -> None:
    crowd = [joined(10 + number / 1000, f"peer-{number}") for number in range(30)]

    assert len(at(10.1, joined(1, "ada"), *crowd)) == 3


def test_the_last_leaver_fades_to_the_card_and_the_first_appears_at_once() -> None:
    events = (joined(1, "ada"), PeerLeft(time_s=2, peer_id="ada"), joined(2.1, "bob"))

    assert people_of(at(2.05, *events)) == [("ada",), ()]
    assert people_of(at(2.15, *events)) == [("bob",)]
    assert at(2.15, *events)[0].since_s == -math.inf


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (replace(scene(4), people=(*scene(4).people[:3], person(3, muted=False))), True),
        (replace(scene(4), people=(*scene(4).people[:3], person(3, muted=True, name="Renamed"))), True),
        (replace(scene(4), people=(*scene(4).people[:3], person(3, muted=True, speaking=True))), True),
        (replace(scene(4), title="Renamed"), True),
        (replace(scene(4), unseen=7), True),
        (replace(scene(4), first_is_large=True), False),
        (replace(scene(4), people=(*scene(4).people[:3], person(3, muted=True, camera=False))), False),
        (replace(scene(4), people=scene(4).people[::-1]), False),
        (replace(scene(4), shares=(Share("screen", "peer-0", ""),)), False),
        (scene(3), False),
        (Scene("Planning"), False),
    ],
)
def test_what_fades(other: Scene, same: bool) -> None:
    assert (arrangement(scene(4)) == arrangement(other)) is same


def test_another_on_the_stage_fades() -> None:
    meeting = Meeting(memory_s=FADE_S)
    meeting.extend([*MEETING, SpeakerChanged(time_s=30, peer_id="bob")])
    meeting.at(30.1)

    assert people_of(acts_of(meeting.changes)) == [("ada", "bob")]
    assert people_of(acts_of(meeting.changes, "speaker")) == [("ada", "bob"), ("bob", "ada")]
