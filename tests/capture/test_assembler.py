"""Frames out of packets: what is complete, what is decodable."""

import json
from collections.abc import Iterable

import pytest

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.assembler import MAX_UNIT_PACKETS, FrameAssembler
from reelkit.capture.depacketize import VIDEO_DEPACKETIZERS
from reelkit.capture.depacketize.base import Depacketizer
from reelkit.capture.depacketize.vp8 import Vp8Depacketizer
from reelkit.capture.errors import CheckpointError
from reelkit.capture.packet import RtpPacket
from tests.capture.depacketize.judge import decoded, encoded, payloads

FRAMES = 24
ORIENTATION_ID = 4


def depacketizer(codec: str) -> Depacketizer:
    return VIDEO_DEPACKETIZERS[codec]()


def packets(codec: str) -> list[RtpPacket]:
    """24 frames of at least three packets, a keyframe each 10."""
    found: list[RtpPacket] = []
    for number, frame in enumerate(encoded(codec, 640, 360, FRAMES)):
        parts = payloads(codec, frame, number)
        assert len(parts) >= 3
        first = len(found)
        found.extend(
            RtpPacket(first + at, 3_000 * number, 10.0 + number / 30, at == len(parts) - 1, 96, part, {})
            for at, part in enumerate(parts)
        )
    return found


def frame_packets(codec: str, number: int) -> list[int]:
    """The sequence numbers of a frame."""
    return [packet.sequence for packet in packets(codec) if packet.timestamp == 3_000 * number]


def assemble(
    assembler: FrameAssembler, stream: Iterable[RtpPacket], lost: Iterable[int] = (), *, flush: bool = True
) -> list[AccessUnit]:
    missing = set(lost)
    units: list[AccessUnit] = []
    lost_before = 0
    for index, packet in enumerate(stream):
        if packet.sequence in missing:
            lost_before += 1
            continue
        units += [frame.unit for frame in assembler.add(index, packet, packet.arrival_s, lost_before)]
        lost_before = 0
    if flush:
        units += [frame.unit for frame in assembler.flush()]
    return units


codecs = pytest.mark.parametrize("codec", ["vp8", "vp9", "h264"])


@codecs
def test_a_stream_without_losses_is_complete_and_decodable(codec: str) -> None:
    stream = packets(codec)
    units = assemble(FrameAssembler(depacketizer(codec)), stream)
    assert [unit.index for unit in units] == list(range(FRAMES))
    assert all(unit.complete and unit.decodable and unit.lost_before == 0 for unit in units)
    assert [unit.index for unit in units if unit.keyframe] == [0, 10, 20]
    assert [unit.timestamp for unit in units] == [3_000 * number for number in range(FRAMES)]
    assert [unit.capture_s for unit in units] == [10.0 + number / 30 for number in range(FRAMES)]
    assert {(unit.width_px, unit.height_px, unit.rotation_deg) for unit in units} == {(640, 360, 0)}
    assert units[3].first_sequence == frame_packets(codec, 3)[0]
    assert units[3].last_sequence == frame_packets(codec, 3)[-1]
    assert len(list(decoded(codec, [unit.data for unit in units]))) == FRAMES


@codecs
@pytest.mark.parametrize("position", ["first", "middle", "last"])
def test_a_lost_packet_breaks_its_frame_and_the_chain_until_the_next_keyframe(codec: str, position: str) -> None:
    numbers = frame_packets(codec, 5)
    lost = {"first": numbers[0], "middle": numbers[1], "last": numbers[-1]}[position]
    units = assemble(FrameAssembler(depacketizer(codec)), packets(codec), [lost])
    assert len(units) == FRAMES
    assert [unit.index for unit in units if not unit.decodable] == list(range(5, 10))
    assert [unit.index for unit in units if not unit.complete] == [5]
    sound = [unit.data for unit in units if unit.decodable]
    assert len(list(decoded(codec, sound))) == FRAMES - 5


@codecs
def test_a_frame_lost_as_a_whole_breaks_the_chain(codec: str) -> None:
    numbers = frame_packets(codec, 12)
    units = assemble(FrameAssembler(depacketizer(codec)), packets(codec), numbers)
    assert len(units) == FRAMES - 1
    assert all(unit.complete for unit in units)
    assert [unit.timestamp // 3_000 for unit in units if not unit.decodable] == list(range(13, 20))
    assert next(unit for unit in units if unit.lost_before).lost_before == len(numbers)


@codecs
def test_a_broken_keyframe_is_none(codec: str) -> None:
    units = assemble(FrameAssembler(depacketizer(codec)), packets(codec), [frame_packets(codec, 10)[1]])
    assert [unit.index for unit in units if unit.keyframe] == [0, 20]
    assert [unit.index for unit in units if not unit.decodable] == list(range(10, 20))


@codecs
def test_nothing_is_decodable_before_the_first_keyframe(codec: str) -> None:
    stream = [packet for packet in packets(codec) if packet.timestamp >= 9_000]
    units = assemble(FrameAssembler(depacketizer(codec)), stream)
    assert [unit.decodable for unit in units] == [False] * 7 + [True] * 14
    assert (units[0].width_px, units[0].height_px) == (0, 0)


@codecs
def test_a_keyframe_right_behind_a_gap_is_complete_if_it_shows_its_beginning(codec: str) -> None:
    units = assemble(FrameAssembler(depacketizer(codec)), packets(codec), [frame_packets(codec, 9)[-1]])
    assert [unit.index for unit in units if not unit.decodable] == [9]


@codecs
def test_a_frame_without_a_marker_ends_with_the_packet_behind_it(codec: str) -> None:
    stream = [
        RtpPacket(each.sequence, each.timestamp, each.arrival_s, False, 96, each.payload, {}) for each in packets(codec)
    ]
    units = assemble(FrameAssembler(depacketizer(codec)), stream)
    assert [unit.complete for unit in units] == [True] * (FRAMES - 1) + [False]
    assert [unit.decodable for unit in units] == [True] * (FRAMES - 1) + [False]


@codecs
def test_the_end_of_the_stream_cuts_a_frame_off(codec: str) -> None:
    stream = packets(codec)[:-1]
    assembler = FrameAssembler(depacketizer(codec))
    assert len(assemble(assembler, stream, flush=False)) == FRAMES - 1
    assert assembler.oldest_packet(default=-1) == frame_packets(codec, FRAMES - 1)[0]
    (last,) = assembler.flush()
    assert (last.unit.complete, last.unit.decodable) == (False, False)
    assert assembler.flush() == []
    assert assembler.oldest_packet(default=-1) == -1


def test_a_malformed_payload_counts_as_missing() -> None:
    stream = packets("vp8")
    at = frame_packets("vp8", 5)[1]
    stream[at] = RtpPacket(at, stream[at].timestamp, stream[at].arrival_s, False, 96, b"\x90", {})
    units = assemble(FrameAssembler(Vp8Depacketizer()), stream)
    assert [unit.index for unit in units if not unit.complete] == [5]


def test_a_frame_that_never_ends_does_not_fill_the_memory() -> None:
    head, *rest = packets("vp8")[:2]
    assembler = FrameAssembler(Vp8Depacketizer())
    count = MAX_UNIT_PACKETS + 100
    stream = [head, *(RtpPacket(number, 0, 10.0, False, 96, rest[0].payload, {}) for number in range(1, count))]
    (unit,) = assemble(assembler, stream)
    assert not unit.complete
    assert len(unit.data) < MAX_UNIT_PACKETS * 1_400


@pytest.mark.parametrize(("value", "rotation_deg"), [(0, 0), (1, 90), (2, 180), (3, 270), (0b1000_0001, 90)])
def test_tells_the_rotation(value: int, rotation_deg: int) -> None:
    stream = [
        RtpPacket(
            each.sequence,
            each.timestamp,
            each.arrival_s,
            each.marker,
            96,
            each.payload,
            {ORIENTATION_ID: bytes([value])} if each.marker and each.timestamp < 6_000 else {},
        )
        for each in packets("vp8")
    ]
    units = assemble(FrameAssembler(Vp8Depacketizer(), ORIENTATION_ID), stream)
    assert [unit.rotation_deg for unit in units[:3]] == [rotation_deg, rotation_deg, 0]


@codecs
def test_goes_on_from_the_state_before_a_keyframe(codec: str) -> None:
    stream = packets(codec)
    assembler = FrameAssembler(depacketizer(codec))
    frames = [
        frame for index, packet in enumerate(stream) for frame in assembler.add(index, packet, packet.arrival_s, 0)
    ]
    whole = [frame.unit for frame in frames]
    keyframe = frames[10]
    assert keyframe.unit.keyframe
    state = json.loads(json.dumps(keyframe.state))
    again = FrameAssembler(depacketizer(codec), state=state)
    assert again.index == 10
    assert assemble(again, stream[keyframe.first_packet :], flush=False) == whole[10:]


@pytest.mark.parametrize(
    "state", [{"index": 1}, {"index": "x", "size": [0, 0], "codec": {}}, {"index": 1, "size": 5, "codec": {}}]
)
def test_refuses_a_foreign_state(state: dict[str, object]) -> None:
    with pytest.raises(CheckpointError):
        FrameAssembler(Vp8Depacketizer(), state=state)
