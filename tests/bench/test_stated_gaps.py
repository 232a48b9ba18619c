from bench.stated_gaps import Down, gap_faults

KILLED_S, BACK_S, STOPPED_S = 1_000.0, 1_004.0, 1_020.0


def stating(*gaps: tuple[float, float, str]) -> dict[str, object]:
    entries = [
        {"reason": reason, "wall_s": wall_s, "length_s": length_s, "film_s": 0.0, "in_film": reason != "paused"}
        for wall_s, length_s, reason in gaps
    ]
    return {"gaps": {"entries": entries}}


def test_what_is_stated_as_it_was() -> None:
    stated = stating((1_000.2, 3.9, "sfu_restarted"), (1_010.0, 2.0, "paused"))

    assert gap_faults(stated, [Down(KILLED_S, BACK_S)], STOPPED_S) == []


def test_a_gap_to_the_end() -> None:
    stated = stating((1_000.2, 19.8, "sfu_restarted"))

    assert gap_faults(stated, [Down(KILLED_S, None)], STOPPED_S) == []


def test_a_gap_that_is_not_stated() -> None:
    assert gap_faults({}, [Down(KILLED_S, BACK_S)], STOPPED_S) == ["a kill of Janus is not among the stated gaps"]


def test_a_gap_that_ends_too_early_or_too_late() -> None:
    for length_s in (0.5, 9.0):
        faults = gap_faults(stating((1_000.1, length_s, "sfu_restarted")), [Down(KILLED_S, BACK_S)], STOPPED_S)
        assert len(faults) == 1


def test_a_gap_that_was_none() -> None:
    stated = stating((1_000.1, 4.0, "sfu_restarted"), (1_012.0, 1.0, "sfu_restarted"))

    assert len(gap_faults(stated, [Down(KILLED_S, BACK_S)], STOPPED_S)) == 1


def test_another_reason() -> None:
    assert len(gap_faults(stating((1_000.1, 4.0, "disk")), [Down(KILLED_S, BACK_S)], STOPPED_S)) == 1
