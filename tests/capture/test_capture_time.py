"""When packets were captured."""

import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.capture.capture_time import (
    JUMP_S,
    LEVEL_S,
    REFUSED_DELAY_S,
    TRUSTED_DELAY_S,
    WINDOW_S,
    Anchor,
    CaptureTimeMap,
    clock_correction_s,
    parse_abs_capture_time,
)


@dataclass
class Packet:
    rtp_s: float
    arrival_s: float
    sender_s: float | None = None
    capture_s: float | None = None


def placed(packets: list[Packet], horizon_s: float = float("inf")) -> list[float | None]:
    """The capture times of packets in order of arrival."""
    times = CaptureTimeMap()
    for number, packet in enumerate(packets):
        times.add(number, packet.rtp_s, packet.arrival_s, packet, sender_s=packet.sender_s)
    times.advance(horizon_s)
    return [packet.capture_s for packet in packets]


def errors_ms(packets: list[Packet], truth_s: list[float]) -> list[float]:
    found = placed(packets)
    return [1000 * (time_s - true_s) for time_s, true_s in zip(found, truth_s, strict=True) if time_s is not None]


def reference(packets: list[Packet]) -> list[float]:
    """The rule of the module, word by word, for packets without abs-capture-time."""
    offsets = [packet.arrival_s - packet.rtp_s for packet in packets]
    arrivals = [packet.arrival_s for packet in packets]
    count = len(packets)

    def level(at: int) -> float:
        return min(offsets[k] for k in range(at) if arrivals[k] >= arrivals[at - 1] - LEVEL_S)

    falls = [
        at > 0 and offsets[at] - offsets[at - 1] < -JUMP_S and offsets[at] < level(at) - JUMP_S for at in range(count)
    ]

    def reach(at: int) -> int:
        """One past the last packet that lies within the window behind ``at`` and on this side of a fall."""
        end = at + 1
        while end < count and arrivals[end] <= arrivals[at] + WINDOW_S and not falls[end]:
            end += 1
        return end

    rises = [
        at > 0
        and offsets[at] - offsets[at - 1] > JUMP_S
        and all(offset > level(at) + JUMP_S for offset in offsets[at : reach(at)])
        for at in range(count)
    ]
    found = []
    for at in range(count):
        start = at
        while start > 0 and not rises[start] and not falls[start] and arrivals[start - 1] >= arrivals[at] - WINDOW_S:
            start -= 1
        found.append(packets[at].rtp_s + min(offsets[start : reach(at)]))
    return found


@st.composite
def arrivals(draw: st.DrawFn) -> list[Packet]:
    now_s = rtp_s = 0.0
    packets = []
    for _ in range(draw(st.integers(1, 80))):
        step_s = draw(st.sampled_from((0.0, 0.02, 0.033, 0.1, 0.5, 1.0, 2.5)))
        now_s += step_s
        rtp_s += step_s + draw(st.sampled_from((0.0,) * 6 + (-0.2, 0.2, -0.5, 0.5, -2.0, 2.0, 0.31, -0.31)))
        packets.append(Packet(rtp_s + draw(st.sampled_from((0.0, 0.0, -0.01, -0.4))), now_s))
    return packets


@given(arrivals())
def test_follows_the_rule(packets: list[Packet]) -> None:
    assert placed(packets) == pytest.approx(reference(packets), abs=1e-9)


@given(arrivals(), st.data())
def test_a_time_is_final_as_soon_as_a_second_of_later_packets_was_seen(
    packets: list[Packet], data: st.DataObject
) -> None:
    known = data.draw(st.integers(1, len(packets)))
    whole = placed([Packet(packet.rtp_s, packet.arrival_s) for packet in packets])
    early = placed(packets[:known], horizon_s=packets[known - 1].arrival_s)
    for packet, time_s, final_s in zip(packets, early, whole, strict=False):
        if packet.arrival_s + WINDOW_S < packets[known - 1].arrival_s:
            assert time_s == final_s
        else:
            assert time_s is None


def speech(seconds: float, delay_s: float = 0.01, jitter_s: float = 0.005) -> list[Packet]:
    """Packets of 20 ms that jitter but do not overtake each other."""
    draw = random.Random(1)
    arrival_s = 0.0
    packets = []
    for number in range(round(seconds / 0.02)):
        arrival_s = max(arrival_s, 0.02 * number + delay_s + draw.expovariate(1 / jitter_s))
        packets.append(Packet(0.02 * number, arrival_s))
    return packets


def test_jitter_is_taken_out() -> None:
    packets = speech(20)
    errors = errors_ms(packets, [packet.rtp_s for packet in packets])
    assert min(errors) >= 10
    assert max(errors) < 13


def test_a_drifting_sender_is_followed() -> None:
    packets = speech(120)
    truth_s = [packet.rtp_s for packet in packets]
    for packet in packets:
        packet.rtp_s *= 1.0002
    assert max(abs(error) for error in errors_ms(packets, truth_s)) < 15


@pytest.mark.parametrize("length_s", [0.4, 2.0, 30.0])
def test_a_stopped_rtp_clock_moves_nothing(length_s: float) -> None:
    """replaceTrack(null): nothing is sent, and the time stamps do not count that time."""
    packets = speech(10)
    truth_s = [packet.rtp_s + (length_s if number >= 250 else 0) for number, packet in enumerate(packets)]
    for packet in packets[250:]:
        packet.arrival_s += length_s
    errors = errors_ms(packets, truth_s)
    assert (min(errors), max(errors)) == pytest.approx((10, 12), abs=2.5)


def test_a_clock_that_jumps_ahead_moves_nothing() -> None:
    packets = speech(10)
    truth_s = [packet.rtp_s for packet in packets]
    for packet in packets[250:]:
        packet.rtp_s += 7.0
    errors = errors_ms(packets, truth_s)
    assert (min(errors), max(errors)) == pytest.approx((10, 12), abs=2.5)


@pytest.mark.parametrize("packets_per_s", [50, 10, 2])
@pytest.mark.parametrize("stall_s", [0.5, 1.5, 2.5])
def test_what_a_stalled_network_delivers_late_keeps_its_time(packets_per_s: int, stall_s: float) -> None:
    truth_s = [number / packets_per_s for number in range(10 * packets_per_s)]
    packets = []
    for time_s in truth_s:
        waits_until_s = 4.0 + stall_s if 4.0 <= time_s < 4.0 + stall_s else time_s
        packets.append(Packet(time_s, waits_until_s + 0.01))
    assert max(abs(error) for error in errors_ms(packets, truth_s)) == pytest.approx(10, abs=0.1)


def test_a_retransmitted_packet_is_no_jump() -> None:
    packets = speech(4)
    packets[100].arrival_s += 0.45
    packets.sort(key=lambda packet: packet.arrival_s)
    errors = errors_ms(packets, [packet.rtp_s for packet in packets])
    assert (min(errors), max(errors)) == pytest.approx((10, 12), abs=2.5)


def test_a_sender_clock_that_agrees_is_taken_as_it_is() -> None:
    packets = speech(10, delay_s=0.05)
    for packet in packets[::50]:
        packet.sender_s = packet.rtp_s
    assert max(abs(error) for error in errors_ms(packets, [packet.rtp_s for packet in packets])) < 0.001


@pytest.mark.parametrize("ahead_s", [3_600.0, 0.3, -0.4, -86_400.0])
def test_a_sender_clock_that_is_wrong_is_corrected_by_the_arrival(ahead_s: float) -> None:
    packets = speech(10, delay_s=0.05, jitter_s=0.001)
    for packet in packets[::50]:
        packet.sender_s = packet.rtp_s + ahead_s
    errors = errors_ms(packets, [packet.rtp_s for packet in packets])
    assert (min(errors), max(errors)) == pytest.approx((50, 50), abs=1)


def test_a_slip_between_two_sender_times_is_mended_by_the_next() -> None:
    packets = speech(10)
    truth_s = [packet.rtp_s for packet in packets]
    for number, packet in enumerate(packets):
        if number % 50 == 0:
            packet.sender_s = truth_s[number]
        if number >= 250:
            packet.rtp_s -= 0.25
    errors = errors_ms(packets, truth_s)
    assert max(abs(error) for error in errors) < 0.001


def test_an_old_sender_time_is_not_stretched_beyond_five_seconds() -> None:
    packets = speech(12, delay_s=0.05, jitter_s=0.001)
    packets[0].sender_s = 0.0
    errors = errors_ms(packets, [packet.rtp_s for packet in packets])
    assert max(abs(error) for error in errors[:251]) < 0.001
    assert min(errors[251:]) > 49


def test_a_packet_out_of_order_takes_its_time_from_the_one_behind_it_and_is_final_with_it() -> None:
    times = CaptureTimeMap()
    packets = speech(4)
    late, behind = packets[100], packets[101]
    late.arrival_s = behind.arrival_s + 0.9
    packets.sort(key=lambda packet: packet.arrival_s)
    for packet in packets:
        if packet.arrival_s <= behind.arrival_s + WINDOW_S:
            number = round(packet.rtp_s / 0.02)
            times.add(number, packet.rtp_s, packet.arrival_s, packet, in_order=packet is not late)
    assert late.capture_s is None
    times.advance(behind.arrival_s + WINDOW_S + 1e-6)
    assert behind.capture_s is not None
    assert late.capture_s == behind.capture_s - (behind.rtp_s - late.rtp_s)


def test_a_packet_that_is_very_late_has_a_time_at_once() -> None:
    times = CaptureTimeMap()
    first, second, late = Packet(0.0, 0.01), Packet(0.04, 0.05), Packet(0.02, 1.5)
    for sequence, packet in ((1, first), (3, second), (2, late)):
        times.add(sequence, packet.rtp_s, packet.arrival_s, packet, in_order=packet is not late)
    assert late.capture_s == pytest.approx(0.03)


def test_a_packet_out_of_order_brings_its_sender_time_if_that_is_newer() -> None:
    times = CaptureTimeMap(Anchor(1, 0.0, 100.0))
    for sequence, in_order, expected in ((10, True, 100.0), (9, False, 200.0), (8, False, 200.0), (11, True, 300.0)):
        sender_s = None if sequence == 10 else 300.0 if sequence == 11 else 200.0
        times.add(sequence, 0.1, 0.1, None, sender_s=sender_s, in_order=in_order)
        assert times.anchor is not None
        assert times.anchor.capture_s == expected


@given(st.floats(-1e6, 1e6), st.floats(0, 0.05))
def test_the_correction_is_continuous_and_never_moves_the_wrong_way(delay_s: float, more_s: float) -> None:
    assert clock_correction_s(delay_s + more_s) - clock_correction_s(delay_s) <= 2 * more_s + 1e-6
    assert clock_correction_s(delay_s + more_s) >= clock_correction_s(delay_s)
    assert clock_correction_s(TRUSTED_DELAY_S) == 0
    assert clock_correction_s(REFUSED_DELAY_S) == pytest.approx(REFUSED_DELAY_S)
    assert clock_correction_s(REFUSED_DELAY_S - 1e-9) == pytest.approx(REFUSED_DELAY_S, abs=1e-6)


def test_reads_abs_capture_time() -> None:
    seconds = 2_208_988_800 + 1_700_000_000
    data = seconds.to_bytes(4, "big") + (1 << 31).to_bytes(4, "big")
    assert parse_abs_capture_time(data) == 1_700_000_000.5
    assert parse_abs_capture_time(data + bytes(8)) == 1_700_000_000.5
    assert parse_abs_capture_time(data[:7]) is None
