"""Which messages belong to a film, and when."""

from pathlib import Path

import pytest

from reelkit.capture.events import Event, PeerRenamed
from reelkit.capture.layout import JOURNAL_FILE
from reelkit.page.job_files import MESSAGES_FILE
from reelkit.publish.hls.cue import Cue, Sender, closes
from reelkit.publish.hls.cue_feed import CueFeed
from reelkit.publish.hls.id3 import MAX_TEXT_BYTES
from tests.publish.hls.interactive import START_S, config_of, mark, opening, sent, write_journal


def feed_of(capture: Path, *events: Event, since_s: float | None = None) -> CueFeed:
    return CueFeed(write_journal(capture, [*opening(), *events]), config_of(since_s=since_s))


def brief(cues: list[Cue]) -> list[tuple[float, str]]:
    return [(round(cue.film_s, 3), cue.text) for cue in cues]


def test_a_message_comes_when_the_server_received_it(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, mark(0, "started"), sent(1.25, 1), sent(4.0, 2), mark(9, "stopped"))
    (first,) = feed.until(3.2)
    assert first.film_s == pytest.approx(1.25)
    assert first == Cue(first.film_s, START_S + 1.25, "1", Sender("peer-1", "participant-1", "Åsa"))
    assert brief(feed.rest(9.0)) == [(4.0, "2")]
    assert feed.rest(9.0) == []
    assert feed.closed_s is None


def test_what_was_sent_before_comes_first(tmp_path: Path) -> None:
    feed = feed_of(
        tmp_path, sent(-30, '"early"'), sent(-5, '"waiting"'), mark(0, "started"), sent(0.5, '"now"'), since_s=-10
    )
    assert brief(feed.until(3.2)) == [(0.0, '"waiting"'), (0.5, '"now"')]


def test_without_a_start_call_the_whole_session_counts(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, sent(-30, 1), mark(0, "started"))
    assert brief(feed.until(3.2)) == [(0.0, "1")]


def test_pauses_are_taken_out(tmp_path: Path) -> None:
    feed = feed_of(
        tmp_path,
        mark(0, "started"),
        sent(1, 1),
        mark(4, "paused"),
        sent(5, 2),
        sent(6, 3),
        mark(10, "resumed"),
        sent(11, 4),
        mark(13, "stopped"),
    )
    assert brief(feed.until(3.2)) == [(1.0, "1")]
    assert brief(feed.until(6.4)) == [(4.0, "2"), (4.0, "3"), (5.0, "4")]


def test_what_a_pause_kept_for_the_end_comes_with_the_last_picture(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, mark(0, "started"), mark(3.2, "paused"), sent(5, 1), mark(8, "stopped"), sent(9, 2))
    assert feed.until(3.2) == []
    assert brief(feed.rest(3.2)) == [(round(3.2 - 1 / 30, 3), "1")]


def test_what_was_sent_after_the_end_is_not_in_it(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, mark(0, "started"), sent(1, 1), mark(3, "stopped"), sent(3.5, 2))
    assert brief(feed.rest(3.0)) == [(1.0, "1")]


def test_only_id3_data_counts(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, mark(0, "started"), sent(1, 1, "screenshareConsumerCreated"), sent(1, 2, "id3data"))
    assert feed.until(3.2) == []


@pytest.mark.parametrize("payload", ['"CLOSE_TRANSPORT"', ' "CLOSE_TRANSPORT"\n', '"\\u0043LOSE_TRANSPORT"'])
def test_the_metadata_can_be_ended(tmp_path: Path, payload: str) -> None:
    feed = feed_of(tmp_path, mark(0, "started"), sent(1, 1), sent(2, payload), sent(2.5, 2), mark(5, "stopped"))
    assert brief(feed.rest(5.0)) == [(1.0, "1")]
    assert feed.closed_s == pytest.approx(2.0)


@pytest.mark.parametrize("payload", ["CLOSE_TRANSPORT", '{"CLOSE_TRANSPORT": 1}', '"CLOSE_TRANSPORT!"', "0", ""])
def test_other_payloads_end_nothing(payload: str) -> None:
    assert not closes(payload)


def test_an_end_of_an_earlier_recording_ends_nothing(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, sent(-30, '"CLOSE_TRANSPORT"'), mark(0, "started"), sent(1, 1), since_s=-10)
    assert brief(feed.until(3.2)) == [(1.0, "1")]


def test_messages_are_one_line_and_keep_what_they_mean(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, mark(0, "started"), sent(1, '{\n "a": "ü\u2028 👩‍🚀",\r\n "b": 1.10}'))
    assert brief(feed.until(3.2)) == [(1.0, '{  "a": "ü\u2028 👩‍🚀",   "b": 1.10}')]


def test_a_message_that_fits_into_no_tag_is_kept_for_the_files(tmp_path: Path) -> None:
    long = '"' + "x" * MAX_TEXT_BYTES + '"'
    feed = feed_of(tmp_path, mark(0, "started"), sent(1, long), sent(2, 1))
    kept, other = feed.until(3.2)
    assert (kept.text, kept.in_stream, other.in_stream) == (long, False, True)


def test_several_at_one_instant_keep_their_order(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, mark(0, "started"), *(sent(1, number) for number in range(20)))
    assert [cue.text for cue in feed.until(3.2)] == [str(number) for number in range(20)]


def test_senders_have_the_names_of_that_moment(tmp_path: Path) -> None:
    feed = feed_of(
        tmp_path,
        mark(0, "started"),
        sent(1, 1),
        PeerRenamed(time_s=START_S + 2, peer_id="peer-1", name="Bo"),
        sent(2.5, 2),
        sent(2.6, 3).model_copy(update={"peer_id": "nobody"}),
    )
    assert [cue.sender for cue in feed.until(3.2)] == [
        Sender("peer-1", "participant-1", "Åsa"),
        Sender("peer-1", "participant-1", "Bo"),
        Sender("nobody"),
    ]


def test_a_growing_journal_gives_the_same(tmp_path: Path) -> None:
    events: list[Event] = [mark(0, "started"), *(sent(at / 4, at) for at in range(60)), mark(15, "stopped")]
    whole = feed_of(tmp_path / "whole", *events)
    growing = CueFeed(tmp_path / "growing", config_of())
    write_journal(tmp_path / "growing", opening())
    found: list[Cue] = []
    expected: list[Cue] = []
    for stop_s in (3.2, 6.4, 9.6, 12.8):
        # The renderer keeps this distance at least.
        reached_s = START_S + stop_s + 1.1
        write_journal(tmp_path / "growing", [event for event in events if event.time_s < reached_s])
        events = [event for event in events if event.time_s >= reached_s]
        found += growing.until(stop_s)
        expected += whole.until(stop_s)
    write_journal(tmp_path / "growing", events)
    assert found + growing.rest(15.0) == expected + whole.rest(15.0)
    assert len(expected) == 52


def page_feed(tmp_path: Path, *events: Event, said: tuple[Event, ...]) -> CueFeed:
    """Of a recorded page, which has said something to its recorder."""
    job = tmp_path / "job"
    (job / MESSAGES_FILE).parent.mkdir(parents=True)
    write_journal(job / MESSAGES_FILE.parent, said).joinpath(JOURNAL_FILE).rename(job / MESSAGES_FILE)
    capture = write_journal(tmp_path / "capture", [*opening(), *events])
    return CueFeed(capture, config_of().model_copy(update={"source": "page"}), job)


def test_what_a_page_hands_on_is_told_once(tmp_path: Path) -> None:
    feed = page_feed(
        tmp_path,
        mark(0, "started"),
        sent(1, '{"a": 1, "b": 2}'),
        sent(20, "1"),
        said=(sent(1.3, '{"b":2,"a":1}'), sent(2, '"the page itself"'), sent(50, "1")),
    )
    assert brief(feed.until(60.0)) == [
        (1.0, '{"a": 1, "b": 2}'),
        (2.0, '"the page itself"'),
        (20.0, "1"),
        (50.0, "1"),
    ]


def test_a_page_may_end_the_metadata(tmp_path: Path) -> None:
    feed = page_feed(tmp_path, mark(0, "started"), said=(sent(1, "1"), sent(2, '"CLOSE_TRANSPORT"'), sent(3, "2")))
    assert brief(feed.until(10.0)) == [(1.0, "1")]
    assert feed.closed_s == pytest.approx(2.0)


def test_a_meetings_film_has_nothing_of_a_page(tmp_path: Path) -> None:
    job = tmp_path / "job"
    (job / "page").mkdir(parents=True)
    write_journal(job / "page", [sent(1, "1")]).joinpath(JOURNAL_FILE).rename(job / MESSAGES_FILE)
    capture = write_journal(tmp_path / "capture", [*opening(), mark(0, "started")])
    assert brief(CueFeed(capture, config_of(), job).until(10.0)) == []
