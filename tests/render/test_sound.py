"""The sound of a meeting on the film's clock."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import MediaKind, PeerJoined, ProducerOpened, Source
from reelkit.capture.journal import JournalReader
from reelkit.render import sound as module
from reelkit.render.config import RenderConfig
from reelkit.render.errors import CheckpointError
from reelkit.render.report import CpuMeter
from reelkit.render.sound import Sound
from reelkit.render.timeline import Timeline as FilmTimeline
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, Device, write_capture
from testbed.capture.spec import Link
from testbed.timeline import Timeline
from tests.render.films import CONFIG, intervals, steady, voices
from tests.render.media import level_db, onsets, roughness

RATE_HZ = 48_000
EXACT = Device(abs_capture_time=True)
"""Sound is placed by the sender's clock, which is right."""
STEP = 5


def sound_of(directory: Path, config: RenderConfig = CONFIG, horizon_s: float = math.inf) -> Sound:
    """The sound of a capture as far as it is written."""
    catalog = Catalog(directory / "rtp")
    catalog.scan()
    events = JournalReader(directory / "journal.jsonl").poll()
    timeline = FilmTimeline.of(config)
    timeline.extend(events)
    sound = Sound(catalog, timeline, CpuMeter())
    sound.extend(events)
    sound.poll(horizon_s)
    return sound


def rendered(sound: Sound, seconds: float) -> NDArray[np.float32]:
    """The left channel of the next ``seconds``, in steps."""
    steps = math.ceil(seconds * RATE_HZ / 1_024 / STEP)
    left: NDArray[np.float32] = np.concatenate([sound.render(STEP) for _ in range(steps)], axis=1)[0]
    return left


def captured(directory: Path, seconds: float, count: int = 1, **changes: object) -> Path:
    people = changes.pop("people", None) or voices(count)
    spec = CaptureSpec(Timeline(seconds, people), **{"device": EXACT, **changes})  # type: ignore[arg-type]
    return write_capture(spec, directory)


def test_beeps_are_where_they_were_declared(tmp_path: Path) -> None:
    person = voices(1)[0]
    sound = rendered(sound_of(captured(tmp_path, 10.0)), 10.0)
    expected = person.signal.between(0.0, 9.7)
    assert onsets(sound, gap_s=0.15) == pytest.approx(expected, abs=0.003)


def test_all_are_heard_together(tmp_path: Path) -> None:
    three = tuple(steady(person) for person in voices(3))
    sound = rendered(sound_of(captured(tmp_path, 4.0, people=three)), 4.0)[RATE_HZ : 3 * RATE_HZ]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) / len(sound) * 4
    frequencies_hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    for person in three:
        assert spectrum[np.abs(frequencies_hz - person.tone_hz) < 3].max() == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize("muting", ["silence", "dtx", "gap"])
def test_a_muted_microphone_is_silent_and_does_not_click(
    tmp_path: Path, muting: Literal["silence", "dtx", "gap"]
) -> None:
    person = replace(steady(voices(1)[0]), microphone=intervals((0.0, 2.0), (4.0, 6.0)))
    capture = captured(tmp_path, 6.0, people=(person,), device=replace(EXACT, muting=muting))
    sound = rendered(sound_of(capture), 6.0)
    assert not sound[2 * RATE_HZ : 4 * RATE_HZ].any()
    assert level_db(sound[RATE_HZ : round(1.99 * RATE_HZ)]) > -14
    assert level_db(sound[round(4.1 * RATE_HZ) : 5 * RATE_HZ]) > -14
    # Fades of 5 ms have the edges of a click nowhere.
    steepest = 0.3 * 2 * np.pi * person.tone_hz / RATE_HZ
    assert np.abs(np.diff(sound[RATE_HZ:])).max() < 1.3 * steepest


def test_pauses_are_cut_out_and_joined_without_a_click(tmp_path: Path) -> None:
    person = steady(voices(1)[0])
    capture = captured(tmp_path, 9.0, people=(person,), recorded=intervals((0.5, 2.517), (4.0, 5.21), (6.33, 8.4)))
    sound = rendered(sound_of(capture), 5.4)
    joins = [2.017, 2.017 + 1.21]
    end = 2.017 + 1.21 + 2.07
    steepest = 0.3 * 2 * np.pi * person.tone_hz / RATE_HZ
    assert np.abs(np.diff(sound[4_800:])).max() < 1.3 * steepest
    for join_s in joins:
        at = round(join_s * RATE_HZ)
        assert level_db(sound[at - 20 : at + 20]) < -25
        assert level_db(sound[at - 4_800 : at - 480]) > -14
        assert level_db(sound[at + 1_440 : at + 4_800]) > -14
    assert not sound[round(end * RATE_HZ) + 1 :].any()


def test_beeps_of_a_film_with_pauses(tmp_path: Path) -> None:
    person = voices(1)[0]
    recorded = ((1.0, 5.0), (7.0, 13.0))
    capture = captured(tmp_path, 14.0, recorded=intervals(*recorded), device=Device())
    sound = rendered(sound_of(capture), 10.0)
    inside = [time_s for time_s in person.signal.between(0.0, 14.0) if any(a < time_s < b - 0.2 for a, b in recorded)]
    expected = np.array([time_s - 1.0 if time_s < 6 else time_s - 3.0 for time_s in inside])
    # The network's 10 ms and the encoder's 2 ms cannot be known.
    assert np.array(onsets(sound, gap_s=0.15)) - 0.012 == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("steps", [0, 1, 9, 10, 23])
def test_a_checkpoint_goes_on_exactly(tmp_path: Path, steps: int) -> None:
    loud = tuple(steady(person) for person in voices(5))
    muted = replace(loud[0], microphone=intervals((0.0, 1.0), (1.5, 3.0)))
    late = replace(loud[1], joins_s=1.2)
    gone = replace(loud[2], leaves_s=0.9)
    capture = captured(tmp_path, 4.0, people=(muted, late, gone, *loud[3:]), recorded=intervals((0.1, 1.7), (2.0, 3.9)))
    whole = sound_of(capture)
    for _ in range(steps):
        whole.render(STEP)
    checkpoint = json.loads(json.dumps(whole.checkpoint()))
    expected = [whole.render(STEP) for _ in range(8)]
    restored = sound_of(capture)
    restored.restore(checkpoint)
    assert restored.position == steps * STEP * 1_024
    assert np.array_equal([restored.render(STEP) for _ in range(8)], expected)
    assert restored.reports == whole.reports


def test_a_checkpoint_of_another_capture_is_refused(tmp_path: Path) -> None:
    first = sound_of(captured(tmp_path / "one", 2.0))
    first.render(STEP)
    other = sound_of(captured(tmp_path / "two", 2.0, zero_s=ZERO_S + 60))
    with pytest.raises(CheckpointError, match="missing"):
        other.restore(first.checkpoint())
    with pytest.raises(CheckpointError, match="malformed"):
        other.restore({"position": 1})


def test_what_was_counted_is_kept_by_participant_not_by_visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAST_S", 0.2)
    first, second, other, last = (steady(person) for person in voices(4))
    visits = (replace(first, leaves_s=0.9), replace(second, joins_s=1.0, leaves_s=1.9), replace(other, leaves_s=2.6))
    capture = captured(tmp_path, 4.0, people=(*visits, last))
    apart = sound_of(capture)
    rendered(apart, 3.5)
    packets = [report.packets for report in apart.reports]
    journal = capture / "journal.jsonl"
    # The second visitor is the first, who came back.
    one, two = (f"participant-{person.name.lower()}" for person in (first, second))
    journal.write_text(journal.read_text().replace(two, one))
    whole = sound_of(capture)
    rendered(whole, 1.2)
    restored = sound_of(capture)
    restored.restore(json.loads(json.dumps(whole.checkpoint())))
    for sound in (whole, restored):
        rendered(sound, 2.3)
        assert [report.packets for report in sound.reports[:-1]] == [packets[0] + packets[1], packets[2]]
    assert restored.reports == whole.reports


def test_a_hidden_peer_and_another_codec_are_not_heard(tmp_path: Path) -> None:
    capture = captured(tmp_path, 2.0, people=(steady(voices(1)[0]),))
    journal = capture / "journal.jsonl"
    lines = journal.read_text().replace('"codec":"opus"', '"codec":"pcmu"')
    hidden = PeerJoined(time_s=ZERO_S, peer_id="recorder", participant_id="r", name="R", hidden=True)
    opened = ProducerOpened(
        time_s=ZERO_S, producer_id="r", peer_id="recorder", feed="feed-9", mid="2", mindex=2,
        kind=MediaKind.AUDIO, source=Source.MICROPHONE, codec="opus",
    )  # fmt: skip
    first, *rest = lines.splitlines()
    journal.write_text("\n".join([first, hidden.model_dump_json(), opened.model_dump_json(), *rest]) + "\n")
    sound = sound_of(capture)
    assert not rendered(sound, 1.5).any()
    assert [report.packets for report in sound.reports] == [0]


def test_what_a_growing_capture_allows(tmp_path: Path) -> None:
    """Sound is ready about 1.4 s behind what is written, and then it does not change."""
    spec = CaptureSpec(Timeline(10.0, tuple(steady(person) for person in voices(2))), device=EXACT)
    whole = rendered(sound_of(write_capture(spec, tmp_path / "whole")), 8.0)
    with CaptureWriter(spec, tmp_path / "growing") as writer:
        writer.write_until(ZERO_S + 5.0)
        sound = sound_of(tmp_path / "growing", horizon_s=ZERO_S + 5.0)
        ready_s = sound.ready_until_s(ZERO_S) - ZERO_S
        assert 3.4 < ready_s < 4.2
        steps = int(ready_s * RATE_HZ) // (STEP * 1_024)
        begun = rendered(sound, steps * STEP * 1_024 / RATE_HZ)
    assert np.array_equal(begun, whole[: len(begun)])


def test_a_microphone_that_opens_is_waited_for(tmp_path: Path) -> None:
    person = replace(steady(voices(1)[0]), microphone=intervals((3.0, 9.0)))
    spec = CaptureSpec(Timeline(10.0, (person,)), device=EXACT)
    with CaptureWriter(spec, tmp_path) as writer:
        writer.write_until(ZERO_S + 4.0)
        sound = sound_of(tmp_path, horizon_s=ZERO_S + 4.0)
        assert sound.ready_until_s(ZERO_S + 1.0) - ZERO_S <= 3.0
        assert sound.ready_until_s(ZERO_S + 3.0) - ZERO_S < 3.2


def test_nobody_is_not_waited_for(tmp_path: Path) -> None:
    with CaptureWriter(CaptureSpec(Timeline(10.0, ())), tmp_path) as writer:
        writer.write_until(ZERO_S + 4.0)
        sound = sound_of(tmp_path, horizon_s=ZERO_S + 4.0)
        assert sound.ready_until_s(ZERO_S + 1.0) == ZERO_S + 4.0
        assert not rendered(sound, 2.0).any()


def test_a_network_that_loses_packets_makes_no_clicks(tmp_path: Path) -> None:
    person = steady(voices(1)[0])
    device = replace(EXACT, audio_link=Link(loss=0.03, late=0.03, swapped=0.03, duplicated=0.03, jitter_s=0.004))
    sound = sound_of(captured(tmp_path, 20.0, people=(person,), device=device))
    heard = rendered(sound, 19.5)
    assert sound.reports[0].lost > 10
    assert roughness(heard[9_600:-9_600], person.tone_hz).max() < -30
