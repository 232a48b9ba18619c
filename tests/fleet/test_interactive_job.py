"""The job of an interactive recording: from a capture to a tar whose cues lie where their instants are seen."""

import hashlib
import json
from pathlib import Path

import pytest

from reelkit.capture.events import BroadcastSent
from reelkit.clock import SystemClock
from reelkit.fleet.job import RESULT_FILE, run_job, salvage
from reelkit.fleet.messages import Done, Message, Progress
from reelkit.publish.bucket import StoredFile
from reelkit.publish.hls.unpack import carried_cues
from reelkit.publish.proof.record import IntegrityRecord, stored_as
from reelkit.publish.proof.verify import verify
from reelkit.render.config import MetadataSpec, RenderConfig, VideoSpec
from testbed.capture import ZERO_S, CaptureSpec, Device, write_capture
from testbed.checker import Stretch, check_film
from testbed.hls_film import as_film, unpacked
from testbed.timeline import Interval, Timeline, people

TIMELINE = Timeline(18.0, people(1))
RECORDED = (Interval(0.5, 6.3), Interval(8.1, 17.5))
STRETCHES = (Stretch(0.0, 0.5, 5.8), Stretch(5.8, 8.1, 9.4))
DURATION_S = 15.2
CONFIG = RenderConfig(
    recording_id="recording-1",
    video=VideoSpec(width_px=640, height_px=360, preset="ultrafast", crf=26.0),
    files=("hls", "audio"),
    metadata=MetadataSpec(name="talk_1"),
)
_, *_FLASHES = (at_s for at_s in TIMELINE.flashes(TIMELINE.participants[0]) if at_s >= 0.5)


def message(at_s: float, payload: object) -> BroadcastSent:
    text = json.dumps(payload, ensure_ascii=False)
    return BroadcastSent(time_s=ZERO_S + at_s, peer_id="peer-1", message_type="ID3Data", payload=text)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who says "now" with each flash, and something in the pause."""
    events = [message(at_s, {"flash": at_s}) for at_s in _FLASHES]
    events += [message(0.1, "before"), message(7.0, "in the pause")]
    spec = CaptureSpec(
        TIMELINE,
        device=Device(width_px=320, height_px=180, abs_capture_time=True),
        recorded=RECORDED,
        events=tuple(sorted(events, key=lambda event: event.time_s)),
    )
    return write_capture(spec, tmp_path_factory.mktemp("capture") / "capture")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job")


@pytest.fixture(scope="module")
def said(capture: Path, job: Path) -> list[Message]:
    said: list[Message] = []
    run_job(job, capture, CONFIG, SystemClock(), said.append)
    return said


@pytest.fixture(scope="module")
def done(said: list[Message]) -> Done:
    assert isinstance(said[-1], Done)
    return said[-1]


def test_what_is_delivered(done: Done, said: list[Message]) -> None:
    assert [(file.kind, file.container, file.content_type, file.name) for file in done.files] == [
        ("hls", "tar", "application/gzip", None),
        ("audio", "m4a", "audio/mp4", None),
        ("captions", "vtt", "text/vtt", "talk_1.vtt"),
        ("cues", "json", "application/json", "talk_1.cues.json"),
    ]
    assert done.duration_s == pytest.approx(DURATION_S, abs=0.02)
    growing = [file for each in said if isinstance(each, Progress) for file in each.growing if file.kind == "hls"]
    assert growing, "it is told how the tar grows"
    assert all(file.head_bytes == 0 for file in growing)


def test_the_film_is_what_was_declared_and_cues_lie_where_their_instants_are_seen(done: Done, tmp_path: Path) -> None:
    recording = unpacked(done.files[0].path, tmp_path / "out")
    report = check_film(as_film(recording), TIMELINE, stretches=STRETCHES, duration_s=DURATION_S)
    assert report.problems == ()
    assert max(abs(skew.skew_ms) for skew in report.skews) < 40
    (person,) = report.participants
    seen = {round(flash.expected_s, 3): flash.film_s for flash in person.flashes.matched}
    carried = carried_cues(recording.stream)
    texts = [json.loads(cue.text) for cue in carried]
    assert (carried[0].film_s, texts[0]) == (0.0, "before")
    (paused,) = (cue for cue, text in zip(carried, texts, strict=True) if text == "in the pause")
    assert paused.film_s == pytest.approx(5.8, abs=0.001), "the film goes on with it"
    errors = [
        abs(cue.film_s - seen[round(text["flash"], 3)])
        for cue, text in zip(carried, texts, strict=True)
        if isinstance(text, dict) and round(text["flash"], 3) in seen
    ]
    assert len(errors) >= 5
    assert max(errors) < 0.04, "a cue is no more than a picture away"


def test_the_record_tells_what_it_knows_and_verify_compares(done: Done, tmp_path: Path) -> None:
    archive, sound, captions, _ = done.files
    assert done.integrity is not None
    stored = StoredFile(archive.path, archive.size_bytes, _sha256(archive.path))
    record = IntegrityRecord.model_validate(stored_as(done.integrity, "hls", stored))
    assert record.decoded.problems == []
    entry, _, text, _ = record.files
    assert (entry.kind, entry.container, entry.walked, entry.sha256) == ("hls", "tar", "segments", stored.sha256)
    assert entry.video is not None
    assert (entry.video.frames, entry.video.codec, entry.video.width_px) == (done.frames, "h264", 640)
    assert (text.name, text.walked, text.sha256) == ("talk_1.vtt", "none", _sha256(captions.path))
    for path in (archive.path, sound.path, captions.path):
        checked = verify(path, record)
        assert checked.problems == [], path.name
        assert any(row.agrees for row in checked.rows)
    rows = {row.what: row for row in verify(archive.path, record).rows}
    assert (rows["pieces"].found, rows["pictures"].agrees, rows["SHA-256"].agrees) == ("2", True, True)
    damaged = tmp_path / "damaged.tar.gz"
    content = bytearray(archive.path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    assert not verify(damaged, record).passed
    damaged.write_bytes(content[: len(content) // 2])
    assert any("cannot be read" in problem for problem in verify(damaged).problems)


def test_a_worker_that_died_before_the_end_costs_nothing(done: Done, capture: Path, job: Path) -> None:
    content = {file.path: file.path.read_bytes() for file in done.files}
    done.files[0].path.unlink()
    (job / "film.tar.gz.part").write_bytes(b"what a dead worker left")
    again = run_job(job, capture, CONFIG, SystemClock(), lambda _: None)
    assert {file.path: file.path.read_bytes() for file in again.files} == content
    (job / RESULT_FILE).unlink()
    manifest = job / "manifest.jsonl"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:4]))
    failed = salvage(job, capture, CONFIG, "the renderer died too often", lambda _: None)
    assert [file.kind for file in failed.files] == ["hls", "audio", "captions", "cues"]
    assert failed.frames == 4 * 96
    assert verify(failed.files[0].path).problems == []


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
