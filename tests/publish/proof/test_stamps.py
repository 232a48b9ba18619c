"""Time stamps that do not follow each other are found; a walk can be interrupted."""

import av

from reelkit.publish.proof.findings import MAX_FINDINGS, Findings
from reelkit.publish.proof.stamps import StampState, TrackStamps

STEP_S = 1 / 30


def pictures(*numbers: int) -> tuple[TrackStamps, Findings]:
    """A track of pictures with these numbers."""
    stamps, findings = TrackStamps(), Findings()
    for number in numbers:
        packet = av.Packet(bytes([number]))
        stamps.take_picture(number * STEP_S, STEP_S, packet, findings, keyframe=number == 0)
    return stamps, findings


def sounds(*places: tuple[float, float | None], loose: bool = False) -> tuple[TrackStamps, Findings]:
    """A track of packets of sound with these times and lengths."""
    stamps, findings = TrackStamps(), Findings()
    for time_s, length_s in places:
        stamps.take_sound(time_s, length_s, av.Packet(b"x"), findings, loose=loose)
    return stamps, findings


def test_pictures_in_order_are_fine() -> None:
    stamps, findings = pictures(*range(10))
    assert not findings
    assert (stamps.packets, stamps.keyframes, stamps.media_bytes) == (10, 1, 10)
    assert round(stamps.duration_s, 6) == round(10 * STEP_S, 6)


def test_missing_repeated_and_backward_pictures_are_told_apart() -> None:
    stamps, findings = pictures(0, 1, 4, 4, 3, 5)
    assert (stamps.missing, stamps.duplicate, stamps.backwards) == (3, 1, 1)
    assert [sentence.split(" s")[0] for sentence in findings.sentences] == [
        "2 pictures are missing at 0.067",
        "two packets have the time",
        "the time",
        "1 pictures are missing at 0.133",
    ]


def test_gaps_of_sound_are_found() -> None:
    packet_s = 1_024 / 48_000
    stamps, findings = sounds(*((number * packet_s, packet_s) for number in range(20)))
    assert not findings
    stamps, findings = sounds((0.0, packet_s), (packet_s, packet_s), (3 * packet_s, packet_s))
    assert stamps.missing == 1
    assert findings.sentences == ["0.021 s of sound are missing at 0.043 s"]
    stamps, _ = sounds((0.0, None), (0.1, None), (0.4, None))
    assert stamps.missing == 1


def test_vorbis_begins_with_a_packet_without_sound_and_has_blocks_of_two_lengths() -> None:
    stamps, findings = sounds((0.0, 0.003), (0.0, 0.003), (0.003, 0.003), (0.015, 0.02), loose=True)
    assert not findings
    stamps, findings = sounds((0.0, 0.02), (0.02, 0.02), (0.1, 0.02), loose=True)
    assert stamps.missing == 1


def test_an_interrupted_walk_finds_the_same() -> None:
    whole, _ = pictures(0, 1, 4, 4, 3, 5)
    findings = Findings()
    broken = TrackStamps()
    for number in (0, 1, 4, 4, 3, 5):
        broken = TrackStamps(StampState.model_validate_json(broken.state().model_dump_json()))
        packet = av.Packet(bytes([number]))
        broken.take_picture(number * STEP_S, STEP_S, packet, findings, keyframe=number == 0)
    assert broken.state() == whole.state()
    assert pictures(0, 1, 4, 4, 3, 6)[0].chain != whole.chain


def test_many_findings_are_counted() -> None:
    findings, more = Findings(), Findings()
    for number in range(MAX_FINDINGS + 5):
        findings.add(f"finding {number}")
    findings.add("finding 1")
    assert len(findings.sentences) == MAX_FINDINGS
    assert findings.left_out == 5
    more.add("another")
    more.extend(findings)
    assert len(more.sentences) == MAX_FINDINGS
    assert more.left_out == 6
