"""An interactive recording from the start call to the cues in a browser."""

import json
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from reelkit.capture.events import BroadcastSent, RecordingMarked
from reelkit.capture.journal import JournalReader
from reelkit.capture.layout import JOURNAL_FILE
from reelkit.process import wait_until
from testbed.hls_film import unpacked
from testbed.hls_player import play_hls
from testbed.participant import SyntheticParticipant, prepare
from testbed.stack import Stack
from testbed.timeline import Timeline, people
from tests.e2e.seats import seat

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]


async def test_messages_become_cues_of_the_tar(stack: Stack, tmp_path: Path) -> None:
    api = stack.api
    sent: list[tuple[str, object]] = []

    async def say(player: SyntheticParticipant, payload: object) -> None:
        sent.append((player.peer_id, payload))
        await player.broadcast("ID3Data", json.dumps(payload, ensure_ascii=False))

    await prepare(Timeline(1.0, people(2)))
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        ada, bo = [await seat(stack, meeting_id, person, leaving) for person in people(2)]
        await ada.broadcast("ID3Data", json.dumps("of nobody's recording"))
        recording_id = await api.start_recording(
            meeting_id, interactive_config={"type": "ID3"}, audio_config={}, file_name_prefix="talk"
        )
        began_s = time.monotonic()
        await say(ada, {"n": 0, "text": "Zoë 日本語 👩‍🚀"})
        await ada.broadcast("chatter", json.dumps({"no": "metadata"}))
        await _recorded_for(began_s, 5.0)
        await say(bo, ["a list", 1.5])
        await api.steer_recording(recording_id, "pause")
        await say(ada, "in the pause")
        await api.steer_recording(recording_id, "resume")
        await _recorded_for(began_s, 11.5)
        await say(bo, {"n": 3})
        await say(bo, {"n": 4})
        await ada.broadcast("ID3Data", json.dumps("CLOSE_TRANSPORT"))
        await ada.broadcast("ID3Data", json.dumps("too late"))
        await _recorded_for(began_s, 13.0)
        await api.stop_recording(recording_id)
        done = await api.recording_in(recording_id, "UPLOADED")
    assert done.output_file_name.startswith("talk_")
    assert done.output_file_name.endswith(".tar.gz")
    assert done.audio_download_url is not None
    async with httpx.AsyncClient() as client:
        answer = await client.get(str(done.download_url))
    assert answer.headers["content-type"] == "application/gzip"
    archive = tmp_path / done.output_file_name
    archive.write_bytes(answer.content)
    assert done.file_size == archive.stat().st_size

    (capture,) = (stack.data / "captures").iterdir()
    expected = _expected(capture, recording_id, sent)
    recording = unpacked(archive, tmp_path / "out")
    told = json.loads((recording.directory / "cues.json").read_text())
    assert [(cue["sender"]["peer_id"], cue["payload"]) for cue in told["cues"]] == sent
    assert [cue["time_s"] for cue in told["cues"]] == pytest.approx([at_s for at_s, _ in expected], abs=0.001)
    assert told["closed_s"] is not None
    assert told["duration_s"] == pytest.approx(recording.duration_s, abs=0.001)
    stem = done.output_file_name.removesuffix(".tar.gz")
    beside = {file["name"]: file for file in (done.model_extra or {})["reelkit"]["files"]}
    for name, inside, kind in ((f"{stem}.vtt", "cues.vtt", "captions"), (f"{stem}.cues.json", "cues.json", "cues")):
        async with httpx.AsyncClient() as client:
            answer = await client.get(beside[name]["download_url"])
        assert answer.content == (recording.directory / inside).read_bytes()
        assert (beside[name]["kind"], beside[name]["file_size"]) == (kind, len(answer.content))
        assert answer.headers["content-type"].split(";")[0] == beside[name]["content_type"]

    played = await play_hls(recording.directory, rate=8.0)
    assert played.errors == []
    found = sorted((cue.start_s, _canonical(json.loads(cue.data))) for cue in played.cues)
    assert [text for _, text in found] == [_canonical(payload) for _, payload in sent]
    assert [at_s for at_s, _ in found] == pytest.approx([at_s for at_s, _ in expected], abs=0.1)
    assert max(frame.bright for frame in played.frames) > 20, "the cameras are seen"


async def _recorded_for(began_s: float, wanted_s: float) -> None:
    async def reached() -> bool:
        return time.monotonic() - began_s >= wanted_s

    await wait_until(reached, timeout_s=wanted_s + 30.0)


def _expected(capture: Path, recording_id: str, sent: list[tuple[str, object]]) -> list[tuple[float, object]]:
    """Where in the film each message belongs, worked out from when the server received it."""
    events = JournalReader(capture / JOURNAL_FILE).poll()
    marks = [event for event in events if isinstance(event, RecordingMarked) and event.recording_id == recording_id]
    started, paused, resumed, stopped = (event.time_s for event in marks)
    received = {(event.peer_id, event.payload): event.time_s for event in events if isinstance(event, BroadcastSent)}
    expected = []
    for peer_id, payload in sent:
        at_s = received[peer_id, json.dumps(payload, ensure_ascii=False)]
        film_s = min(max(at_s, started), paused) - started + max(0.0, min(at_s, stopped) - resumed)
        expected.append((film_s, payload))
    return expected


def _canonical(payload: object) -> str:
    return json.dumps(payload, sort_keys=True)
