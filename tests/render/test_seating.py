from hypothesis import given
from hypothesis import strategies as st

from reelkit.render.seating import Seating

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
