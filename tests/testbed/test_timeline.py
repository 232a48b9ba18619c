from dataclasses import replace
from itertools import pairwise

import pytest

from testbed.timeline import LOOP_S, Interval, Participant, Signal, Timeline, changes, minute_of_four, people


def test_signal_repeats_each_loop() -> None:
    signal = Signal((1.0, 5.0))

    assert signal.between(4.0, 2 * LOOP_S + 1.1) == [5.0, 33.0, 37.0, 65.0]


def test_regular_signal_comes_each_period() -> None:
    assert Signal.regular(period_s=8.0, phase_s=0.5).instants_s == (0.5, 8.5, 16.5, 24.5)
    with pytest.raises(ValueError, match="divide"):
        Signal.regular(period_s=3.0)


def test_staggered_signals_keep_apart_and_differ() -> None:
    signals = [Signal.staggered(index).instants_s for index in range(9)]

    assert len(set(signals)) == 9
    for instants_s in signals:
        assert len(instants_s) == 16
        assert min(later - earlier for earlier, later in pairwise(instants_s)) >= 1.0


@pytest.mark.parametrize("instants_s", [(0.05,), (2.0, 1.0), (31.9,), (-1.0,)])
def test_signal_refuses_instants_that_media_cannot_have(instants_s: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="signal"):
        Signal(instants_s)


def test_intervals_are_cut_to_the_presence() -> None:
    person = Participant("Ada", (1, 2, 3), 900.0, joins_s=4.0, leaves_s=8.0, camera=(Interval(0.0, 5.0),))
    timeline = Timeline(10.0, (person,))

    assert timeline.presence(person) == Interval(4.0, 8.0)
    assert timeline.camera(person) == [Interval(4.0, 5.0)]
    assert timeline.microphone(person) == [Interval(4.0, 8.0)]
    assert timeline.screen(person) == []


def test_only_whole_signals_are_flashes_and_beeps() -> None:
    person = replace(
        people(1)[0],
        signal=Signal((1.0, 2.0, 3.0)),
        camera=(Interval(0.0, 2.1), Interval(3.0, 9.0)),
        microphone=(Interval(1.5, 9.0),),
    )
    timeline = Timeline(10.0, (person,))

    assert timeline.flashes(person) == [1.0, 3.0]
    assert timeline.beeps(person) == [2.0, 3.0]


def test_participants_must_be_told_apart() -> None:
    ada, bo = people(2)
    with pytest.raises(ValueError, match="colour"):
        Timeline(10.0, (ada, replace(bo, colour=ada.colour)))
    with pytest.raises(ValueError, match="overlap"):
        replace(ada, camera=(Interval(0.0, 5.0), Interval(4.0, 6.0)))


def test_reference_meeting_changes_when_declared() -> None:
    timeline = minute_of_four()

    assert list(changes(timeline)) == [0.0, 10.0, 20.0, 30.0, 35.0, 41.0, 45.0, 60.0]
    assert [person.name for person in timeline.present(5.0)] == ["Ada", "Cleo", "Dan"]
    assert [person.name for person in timeline.present(50.0)] == ["Ada", "Bo", "Cleo"]
