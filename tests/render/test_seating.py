from hypothesis import given
from hypothesis import strategies as st

from reelkit.render.seating import Seating, Spotlight

LIMIT = 4


def seated(*people: str, limit: int = LIMIT) -> Seating:
    return Seating(limit).after(people, ())


def test_people_sit_in_the_order_in_which_they_came() -> None:
    assert seated("a", "b", "c").seated == ("a", "b", "c")


def test_who_comes_when_all_seats_are_taken_has_none() -> None:
    assert seated(*"abcdef").seated == tuple("abcd")


def test_who_speaks_takes_the_seat_of_the_one_who_was_silent_longest() -> None:
    full = seated(*"abcdef")
    first = full.after("abcdef", ("e",))
    second = first.after("abcdef", ("f", "e"))

    assert first.seated == tuple("ebcd"), "nobody spoke yet: the first who came makes room"
    assert second.seated == tuple("efcd")


def test_of_those_who_spoke_the_one_who_spoke_longest_ago_makes_room() -> None:
    full = seated(*"abcdef").after("abcdef", tuple("dbca"))

    assert full.after("abcdef", tuple("edbca")).seated == tuple("ebcd")


def test_nobody_moves_when_somebody_with_a_seat_speaks() -> None:
    full = seated(*"abcdef")

    assert full.after("abcdef", ("c",)) is full


def test_a_free_seat_goes_to_the_latest_speaker_who_has_none() -> None:
    full = seated(*"abcdefg").after("abcdefg", tuple("edcbag")).after("abcdefg", tuple("edcbag"))
    assert full.seated == tuple("ebcd")

    assert full.after("abdefg", tuple("edbag")).seated == tuple("ebad")


def test_a_free_seat_goes_to_the_one_who_waited_longest_if_nobody_spoke() -> None:
    assert seated(*"abcdef").after("acdef", ()).seated == tuple("aecd")


def test_others_close_up_when_nobody_waits() -> None:
    assert seated(*"abc").after("ac", ()).seated == ("a", "c")


people = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(st.lists(st.tuples(people, st.sampled_from("abcdefgh")), max_size=30))
def test_seats_are_always_used_well(steps: list[tuple[list[str], str]]) -> None:
    seating = Seating(LIMIT)
    spoken: list[str] = []
    for present, speaker in steps:
        spoken = [person for person in spoken if person in present and person != speaker]
        if speaker in present:
            spoken.insert(0, speaker)
        before = seating.seated
        seating = seating.after(present, spoken)
        now = seating.seated

        assert len(set(now)) == len(now) == min(LIMIT, len(present))
        assert set(now) <= set(present)
        assert not spoken or spoken[0] in now
        if set(before) <= set(present) and len(before) == LIMIT:
            moved = [place for place in range(LIMIT) if before[place] != now[place]]
            assert len(moved) <= 1, "at most one tile changes because somebody speaks"


def spotlight(present: str, *speakers: str) -> Spotlight:
    """After all of ``present`` came, and then spoke one after the other."""
    spot = Spotlight(others=Seating(LIMIT))
    for count in range(len(present)):
        spot = spot.after(present[: count + 1], ())
    for count in range(len(speakers)):
        spot = spot.after(present, latest_first(*speakers[: count + 1]))
    return spot


def latest_first(*speakers: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reversed(speakers)))


def test_the_first_who_came_is_on_the_stage_until_somebody_speaks() -> None:
    assert Spotlight().shown == ()
    assert spotlight("a").shown == ("a",)
    assert spotlight("abc").shown == tuple("abc")


def test_who_speaks_changes_places_with_the_former_speaker() -> None:
    assert spotlight("abcd", "c").shown == tuple("cbad")
    assert spotlight("abcd", "c", "d").shown == tuple("dbac")
    assert spotlight("abcd", "c", "d", "c").shown == tuple("cbad")


def test_the_stage_is_kept_while_nobody_else_speaks() -> None:
    spot = spotlight("abcd", "c")

    assert spot.after("abcd", ("c",)) is spot
    assert spot.after("abcde", ("c",)).shown == tuple("cbade")
    assert spot.after("acd", ("c",)).shown == tuple("cad")


def test_the_most_recent_other_speaker_follows_one_who_leaves() -> None:
    spot = spotlight("abcd", "b", "d", "c")

    assert spot.after("abd", ("d", "b")).person == "d"
    assert spot.after("ab", ("b",)).person == "b"
    assert spotlight("abcd", "c").after("bad", ()).person == "b", "nobody else spoke: the first who came"


def test_who_had_no_seat_leaves_one_to_the_former_speaker() -> None:
    assert spotlight("abcdefg", "c", "g").shown == tuple("gbcde"), "of those who never spoke the first makes room"
    assert spotlight("abcdefg", "g").shown == tuple("gbcde"), "a never spoke and waits, as the others who did not"


@given(st.lists(st.tuples(people, st.sampled_from("abcdefgh")), max_size=30))
def test_the_stage_is_the_latest_speakers_and_others_keep_their_places(steps: list[tuple[list[str], str]]) -> None:
    spot = Spotlight(others=Seating(LIMIT))
    spoken: list[str] = []
    for present, speaker in steps:
        spoken = [person for person in spoken if person in present and person != speaker]
        if speaker in present:
            spoken.insert(0, speaker)
        before = spot
        spot = spot.after(present, spoken)

        assert len(set(spot.shown)) == len(spot.shown) == min(LIMIT + 1, len(present))
        assert set(spot.shown) <= set(present)
        assert spot.person == next(iter([*spoken, *present]), None)
        assert len(spoken) < 2 or spoken[1] in spot.others.seated, "the former speaker is seen"
        if set(before.shown) <= set(present) and len(before.others.seated) == LIMIT:
            places = zip(before.others.seated, spot.others.seated, strict=True)
            assert sum(old != new for old, new in places) <= 1, "at most one tile beside the stage changes"
