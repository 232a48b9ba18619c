"""Who is to be heard when, from the journal."""

import pytest

from reelkit.capture.catalog import TrackKey
from reelkit.capture.events import (
    Event,
    MediaKind,
    PeerJoined,
    PeerLeft,
    ProducerClosed,
    ProducerOpened,
    ProducerPaused,
    ProducerResumed,
    SessionEnded,
    SfuLost,
    Source,
)
from reelkit.render.audibility import Audibility, AudioTrack

RATE_HZ = 48_000
KEY = TrackKey("feed-1", MediaKind.AUDIO, 2)


def joined(*, hidden: bool = False) -> PeerJoined:
    return PeerJoined(time_s=0.0, peer_id="ada", participant_id="ada", name="Ada", hidden=hidden)


def opened(time_s: float, producer_id: str = "one", *, paused: bool = False, feed: str = "feed-1") -> ProducerOpened:
    return ProducerOpened(
        time_s=time_s,
        producer_id=producer_id,
        peer_id="ada",
        feed=feed,
        mid="2",
        mindex=2,
        kind=MediaKind.AUDIO,
        source=Source.MICROPHONE,
        codec="opus",
        paused=paused,
    )


def track_of(*events: Event) -> AudioTrack:
    audibility = Audibility()
    audibility.extend(events)
    return audibility.tracks[KEY]


def heard(track: AudioTrack, *instants_s: float) -> list[bool]:
    return [track.gate.is_open_within(round(at * RATE_HZ), round(at * RATE_HZ) + 1) for at in instants_s]


def alive(track: AudioTrack, *instants_s: float) -> list[bool]:
    return [track.life.is_open_within(round(at * RATE_HZ), round(at * RATE_HZ) + 1) for at in instants_s]


def test_pausing_and_resuming() -> None:
    track = track_of(
        joined(),
        opened(1.0),
        ProducerPaused(time_s=3.0, producer_id="one"),
        ProducerResumed(time_s=4.0, producer_id="one"),
        ProducerClosed(time_s=6.0, producer_id="one"),
    )
    assert heard(track, 0.5, 2.0, 3.5, 5.0, 7.0) == [False, True, False, True, False]
    assert alive(track, 0.5, 2.0, 3.5, 5.0, 7.0) == [False, True, True, True, False]


def test_a_producer_that_begins_muted() -> None:
    track = track_of(joined(), opened(1.0, paused=True), ProducerResumed(time_s=2.0, producer_id="one"))
    assert heard(track, 1.5, 2.5) == [False, True]
    assert alive(track, 1.5, 2.5) == [True, True]


def test_one_line_serves_several_producers_in_turn() -> None:
    track = track_of(
        joined(), opened(1.0), ProducerClosed(time_s=2.0, producer_id="one"), opened(3.0, "two"),
        ProducerPaused(time_s=4.0, producer_id="two"),
    )  # fmt: skip
    assert heard(track, 1.5, 2.5, 3.5, 4.5) == [True, False, True, False]
    assert alive(track, 1.5, 2.5, 3.5, 4.5) == [True, False, True, True]


@pytest.mark.parametrize(
    "end",
    [PeerLeft(time_s=2.0, peer_id="ada"), SfuLost(time_s=2.0, reason="killed"), SessionEnded(time_s=2.0)],
    ids=lambda event: event.type,
)
def test_everything_ends(end: Event) -> None:
    track = track_of(joined(), opened(1.0), end)
    assert heard(track, 1.5, 2.5) == [True, False]
    assert alive(track, 1.5, 2.5) == [True, False]


def test_who_has_left_is_known_by_time() -> None:
    track = track_of(joined(), opened(1.0), PeerLeft(time_s=2.0, peer_id="ada"))
    assert not track.is_left(round(1.9 * RATE_HZ))
    assert track.is_left(2 * RATE_HZ)


def test_a_hidden_peer_is_not_heard() -> None:
    audibility = Audibility()
    audibility.extend([joined(hidden=True), opened(1.0)])
    assert audibility.tracks == {}


def test_video_and_unknown_producers_change_nothing() -> None:
    audibility = Audibility()
    video = opened(1.0).model_copy(update={"kind": MediaKind.VIDEO, "source": Source.CAMERA})
    audibility.extend([joined(), video, ProducerPaused(time_s=2.0, producer_id="one")])
    assert audibility.tracks == {}
