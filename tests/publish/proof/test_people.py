"""Counts find their participants, and what is known of lip-sync is said as it is."""

from pathlib import Path

import pytest

from reelkit.capture.events import (
    CaptureSwitched,
    Event,
    MediaKind,
    PeerJoined,
    PeerRenamed,
    ProducerOpened,
    RecordingMarked,
    SfuLost,
    Source,
)
from reelkit.publish.proof.gaps import film_s, gaps_of
from reelkit.publish.proof.people import MAX_OUTAGES, participants, skew
from reelkit.publish.proof.record import MAX_GAPS
from reelkit.render.report import TrackReport
from reelkit.render.stream_tally import ClockTally, Outage, StreamTally
from reelkit.render.timeline import Stretch, Timeline
from reelkit.render.viewing import MAX_FREEZES, Freeze, TrackViewing
from testbed.capture.mjr_file import MjrFile, file_name
from testbed.capture.packetizer import rtp_packet

STRETCHES = (Stretch(100.0, 110.0), Stretch(120.0, 130.0))


def opened(peer: str, feed: str, mindex: int, source: Source) -> ProducerOpened:
    kind = MediaKind.AUDIO if source is Source.MICROPHONE else MediaKind.VIDEO
    return ProducerOpened(
        time_s=101.0,
        producer_id=f"{feed}-{mindex}",
        peer_id=peer,
        feed=feed,
        mid=str(mindex),
        mindex=mindex,
        kind=kind,
        source=source,
        codec="opus" if kind is MediaKind.AUDIO else "vp8",
    )


EVENTS: list[Event] = [
    PeerJoined(time_s=100.0, peer_id="peer-1", participant_id="ada", name="Ada", custom_participant_id="a-1"),
    PeerJoined(time_s=100.0, peer_id="peer-2", participant_id="bo", name="Bo"),
    opened("peer-1", "f1", 0, Source.MICROPHONE),
    opened("peer-1", "f1", 1, Source.CAMERA),
    PeerRenamed(time_s=105.0, peer_id="peer-1", name="Ada L."),
    # Ada came back: another peer and feed, the same participant.
    PeerJoined(time_s=121.0, peer_id="peer-3", participant_id="ada", name="Ada L.", custom_participant_id="a-1"),
    opened("peer-3", "f3", 1, Source.CAMERA),
]


def stream(participant: str, source: Source, **changes: object) -> StreamTally:
    kind = "audio" if source is Source.MICROPHONE else "video"
    return StreamTally.model_validate(
        {"participant_id": participant, "source": source.value, "kind": kind, "codec": "x", "packets": 95, **changes}
    )


def test_everything_is_counted_under_its_participant() -> None:
    outage = Outage(wall_s=125.0, length_s=1.0, packets=4)
    freezes = [Freeze(wall_s=103.0, length_s=2.0, reason="loss")]
    people = participants(
        EVENTS,
        STRETCHES,
        [
            stream("ada", Source.MICROPHONE, lost=5, outages=[outage]),
            stream("ada", Source.CAMERA),
            stream("", Source.SCREEN),
        ],
        [
            TrackViewing(feed="f1", mindex=1, source=Source.CAMERA, decoded=10, frozen_s=2.0, freezes=freezes),
            TrackViewing(feed="f3", mindex=1, source=Source.CAMERA, decoded=5, freezes=freezes * MAX_FREEZES),
            TrackViewing(feed="unknown", mindex=1, source=Source.CAMERA),
        ],
        [
            TrackReport(file="videoroom-r-user-f1-1-audio-0.mjr", kind="audio", concealed=3),
            TrackReport(file="videoroom-r-user-f1-2-audio-0.mjr", kind="audio", concealed=1, decoder_errors=2),
            TrackReport(file="nothing.mjr", kind="audio"),
        ],
    )
    ada, nobody = people
    assert (ada.participant_id, ada.name, ada.custom_participant_id) == ("ada", "Ada L.", "a-1")
    assert (nobody.participant_id, nobody.name) == ("", None)
    microphone, camera = ada.tracks
    assert (microphone.lost, microphone.lost_share, microphone.concealed) == (5, 0.05, 4)
    assert microphone.decoder_errors == 2
    assert microphone.outages[0].film_s == 15.0
    assert (camera.decoded, camera.frozen_s) == (15, 2.0)
    assert camera.freezes[0].film_s == 3.0
    assert len(camera.freezes) == MAX_FREEZES
    assert camera.freezes_left_out == 1


def test_who_sent_nothing_while_the_film_was_recorded_is_not_listed() -> None:
    streams = [stream("ada", Source.MICROPHONE, packets=0, files=1), stream("bo", Source.CAMERA, packets=0, lost=3)]
    people = participants(EVENTS, STRETCHES, streams, [], [])
    assert [person.participant_id for person in people] == ["bo"]


def test_lists_of_many_people_stay_short() -> None:
    outages = [Outage(wall_s=125.0, length_s=1.0, packets=4)] * 20
    streams = [stream(f"p{number}", Source.CAMERA, outages=outages) for number in range(30)]
    people = participants([], STRETCHES, streams, [], [])
    tracks = [track for person in people for track in person.tracks]
    assert sum(len(track.outages) for track in tracks) == MAX_OUTAGES
    assert sum(track.outages_left_out for track in tracks) == 100


def clock(told: int, correction_s: float = 0.0, delay_s: float = 0.03, wobble_ms: int = 2) -> ClockTally:
    return ClockTally(
        seconds=100,
        told_seconds=told,
        wobble_ms={wobble_ms: 99},
        correction_sum_s=correction_s * told,
        delay_sum_s=delay_s * told,
    )


def test_lip_sync_is_estimated_from_what_the_capture_tells() -> None:
    def both(audio: ClockTally, video: ClockTally) -> list[StreamTally]:
        return [stream("a", Source.MICROPHONE, clock=audio), stream("a", Source.CAMERA, clock=video)]

    told = skew(both(clock(100, 0.030), clock(90, 0.012)))
    assert told is not None
    assert (told.method, told.estimate_ms, told.uncertainty_ms) == ("abs_capture_time", 18.0, 4.0)
    arrival = skew(both(clock(0), clock(0, wobble_ms=7)))
    assert arrival is not None
    assert (arrival.method, arrival.estimate_ms, arrival.uncertainty_ms) == ("arrival", None, 9.0)
    mixed = skew(both(clock(100), clock(0)))
    assert mixed is not None
    assert (mixed.method, mixed.estimate_ms, mixed.uncertainty_ms) == ("mixed", None, 34.0)
    assert skew([stream("a", Source.MICROPHONE, clock=clock(0))]) is None
    assert skew(both(ClockTally(), clock(0))) is None


def marks(*entries: tuple[float, str]) -> list[Event]:
    return [
        RecordingMarked.model_validate({"time_s": time_s, "recording_id": "r", "mark": mark})
        for time_s, mark in entries
    ]


def timeline_of(events: list[Event]) -> Timeline:
    timeline = Timeline(30, recording_id="r")
    timeline.extend(events)
    return timeline


def test_pauses_are_gaps_outside_the_film(tmp_path: Path) -> None:
    events = marks(
        (100, "started"), (110, "paused"), (125, "resumed"), (130, "paused"), (131, "resumed"), (140, "stopped")
    )
    gaps = gaps_of(events, timeline_of(events), tmp_path)
    assert [(gap.reason, gap.film_s, gap.wall_s, gap.length_s, gap.in_film) for gap in gaps.entries] == [
        ("paused", 10.0, 110.0, 15.0, False),
        ("paused", 15.0, 130.0, 1.0, False),
    ]
    assert (gaps.paused_s, gaps.without_media_s) == (16.0, 0.0)


def test_a_dead_sfu_is_a_gap_until_the_first_new_packet(tmp_path: Path) -> None:
    events = [
        *marks((100, "started")),
        SfuLost(time_s=104.0, reason="Janus ended with signal SIGKILL"),
        CaptureSwitched(time_s=104.0, on=False),
        CaptureSwitched(time_s=105.0, on=True),
        *marks((120, "stopped")),
    ]
    rtp = tmp_path / "rtp"
    rtp.mkdir()
    (rtp / "rubbish.mjr").write_bytes(b"x")
    for created_s, arrival_s in ((99.0, 99.5), (105.0, 106.25)):
        path = rtp / file_name("room", "f1", created_s, MediaKind.AUDIO, 0)
        with MjrFile(path, MediaKind.AUDIO, "opus", created_s) as file:
            packet = rtp_packet(payload_type=111, marker=False, sequence=1, timestamp=1, ssrc=1, payload=b"x")
            file.write(arrival_s, packet)
    gaps = gaps_of(events, timeline_of(events), tmp_path)
    (gap,) = gaps.entries
    assert (gap.reason, gap.film_s, gap.wall_s, gap.length_s, gap.in_film) == ("sfu_restarted", 4.0, 104.0, 2.25, True)
    assert gap.detail == "Janus ended with signal SIGKILL"
    assert gaps.without_media_s == 2.25


def test_an_sfu_that_never_came_back_is_a_gap_to_the_end(tmp_path: Path) -> None:
    events = [*marks((100, "started")), SfuLost(time_s=104.0, reason="x"), *marks((110, "stopped"))]
    (gap,) = gaps_of(events, timeline_of(events), tmp_path).entries
    assert gap.length_s == 6.0


def test_time_without_an_sfu_counts_once_however_often_it_died(tmp_path: Path) -> None:
    events = [
        *marks((100, "started")),
        SfuLost(time_s=104.0, reason="x"),
        CaptureSwitched(time_s=105.0, on=True),
        SfuLost(time_s=106.0, reason="y"),
        *marks((110, "paused"), (120, "resumed"), (130, "stopped")),
    ]
    gaps = gaps_of(events, timeline_of(events), tmp_path)
    losses = [gap for gap in gaps.entries if gap.reason == "sfu_restarted"]
    assert [(gap.wall_s, gap.length_s) for gap in losses] == [(104.0, 6.0), (120.0, 10.0)]
    assert gaps.without_media_s == 16.0


def test_what_happens_while_nothing_is_recorded_is_no_gap(tmp_path: Path) -> None:
    events = [
        SfuLost(time_s=99.0, reason="x"),
        CaptureSwitched(time_s=99.5, on=True),
        *marks((100, "started"), (110, "stopped")),
    ]
    (tmp_path / "rtp").mkdir()
    path = tmp_path / "rtp" / file_name("room", "f1", 99.5, MediaKind.AUDIO, 0)
    with MjrFile(path, MediaKind.AUDIO, "opus", 99.5) as file:
        packet = rtp_packet(payload_type=111, marker=False, sequence=1, timestamp=1, ssrc=1, payload=b"x")
        file.write(99.8, packet)
    assert gaps_of(events, timeline_of(events), tmp_path).entries == []


def test_many_gaps_are_counted(tmp_path: Path) -> None:
    entries = [(100.0, "started")]
    for number in range(MAX_GAPS + 3):
        entries += [(101.0 + number, "paused"), (101.5 + number, "resumed")]
    events = marks(*entries, (1_000.0, "stopped"))
    gaps = gaps_of(events, timeline_of(events), tmp_path)
    assert len(gaps.entries) == MAX_GAPS
    assert gaps.left_out == 3
    assert gaps.paused_s == pytest.approx(0.5 * (MAX_GAPS + 3))


def test_film_time_stands_still_in_pauses() -> None:
    assert [film_s(wall_s, STRETCHES) for wall_s in (90.0, 105.0, 115.0, 125.0, 140.0)] == [0.0, 5.0, 10.0, 15.0, 20.0]
    assert film_s(105.0, [Stretch(100.0, None)]) == 5.0
