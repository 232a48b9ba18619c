"""Who is the active speaker."""

import pytest

from reelkit.rooms.speakers import REPORT_LIFETIME_S, ActiveSpeaker

HOLD_S = 1.0


@pytest.fixture
def speaker() -> ActiveSpeaker:
    return ActiveSpeaker(HOLD_S)


def test_nobody_speaks(speaker: ActiveSpeaker) -> None:
    assert not speaker.report("alice", 3, silent=True, now_s=0)
    assert not speaker.report("bob", 0, silent=False, now_s=0)
    assert speaker.current is None


def test_the_first_voice_is_the_speaker(speaker: ActiveSpeaker) -> None:
    assert speaker.report("alice", 6, silent=False, now_s=0)
    assert speaker.current == "alice"
    assert not speaker.report("alice", 7, silent=False, now_s=0.4)


def test_a_speaker_is_held(speaker: ActiveSpeaker) -> None:
    speaker.report("alice", 6, silent=False, now_s=0)
    speaker.report("alice", 1, silent=True, now_s=0.4)
    assert not speaker.report("bob", 9, silent=False, now_s=0.8)
    assert speaker.report("bob", 9, silent=False, now_s=HOLD_S)
    assert speaker.current == "bob"
    assert speaker.recent == ["bob", "alice"]


def test_only_a_clearly_louder_voice_interrupts(speaker: ActiveSpeaker) -> None:
    speaker.report("alice", 6, silent=False, now_s=0)
    speaker.report("alice", 6, silent=False, now_s=1.1)
    assert not speaker.report("bob", 7, silent=False, now_s=1.2)
    assert speaker.report("bob", 8, silent=False, now_s=1.3)


def test_silence_ends_the_speech(speaker: ActiveSpeaker) -> None:
    speaker.report("alice", 6, silent=False, now_s=0)
    speaker.report("alice", 6, silent=False, now_s=2)
    assert not speaker.report("alice", 0, silent=True, now_s=2.4)
    assert speaker.update(3.1)
    assert speaker.current is None


def test_reports_that_stay_away_are_silence(speaker: ActiveSpeaker) -> None:
    speaker.report("alice", 6, silent=False, now_s=0)
    assert not speaker.update(REPORT_LIFETIME_S)
    assert speaker.update(REPORT_LIFETIME_S + HOLD_S + 0.1)
    assert speaker.current is None


def test_a_mute_silences_at_once_and_the_next_takes_over(speaker: ActiveSpeaker) -> None:
    speaker.report("alice", 9, silent=False, now_s=0)
    speaker.report("bob", 5, silent=False, now_s=1.0)
    speaker.hush("alice")
    assert speaker.update(1.2)
    assert speaker.current == "bob"


def test_a_speaker_leaves(speaker: ActiveSpeaker) -> None:
    speaker.report("alice", 9, silent=False, now_s=0)
    assert not speaker.remove("bob")
    assert speaker.remove("alice")
    assert speaker.current is None
    assert speaker.recent == []
