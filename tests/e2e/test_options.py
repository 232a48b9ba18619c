"""What a start call can ask of its recording, with real Janus: files, shapes, pauses, places for renderers."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from cloudflare.types.realtime_kit.recording_get_one_recording_response import Data as Recording

from reelkit.capture.events import RecordingMarked
from reelkit.capture.journal import JournalReader
from reelkit.capture.layout import JOURNAL_FILE, RTP_DIR
from reelkit.capture.mjr import MjrReader
from testbed.stack import Stack
from testbed.timeline import people
from tests.e2e.seats import seat

# Notices of the browser SDK.
STARTED, STOPPED, PAUSED = 40, 41, 42

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]


@dataclass(frozen=True)
class Facts:
    """What a file holds when it is decoded."""

    codecs: tuple[str, ...]
    size_px: tuple[int, int] | None
    frames: int
    bright: float
    """The greatest mean of a frame, 0 to 255."""
    sound_s: float
    channels: int
    peak: float


def facts_of(path: Path) -> Facts:
    frames, bright, samples, peak = 0, 0.0, 0, 0.0
    with av.open(path) as container:
        codecs = tuple(stream.codec_context.name for stream in container.streams)
        video = container.streams.video[0] if container.streams.video else None
        audio = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=audio.layout.name, rate=48_000)
        frames_of_both: Iterator[object] = container.decode()
        for frame in frames_of_both:
            if isinstance(frame, av.VideoFrame):
                frames += 1
                bright = max(bright, float(frame.to_ndarray(format="gray").mean()))
            elif isinstance(frame, av.AudioFrame):
                for part in resampler.resample(frame):
                    samples += part.samples
                    peak = max(peak, float(np.abs(part.to_ndarray()).max()))
        size_px = (video.width, video.height) if video is not None else None
        return Facts(codecs, size_px, frames, bright, samples / 48_000, audio.layout.nb_channels, peak)


async def fetch(url: str | None, path: Path) -> Path:
    assert url is not None
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    answer.raise_for_status()
    path.write_bytes(answer.content)
    return path


def exact_s(recording: Recording) -> float:
    duration_ms: int = (recording.model_extra or {})["reelkit"]["duration_ms"]
    return duration_ms / 1000


async def test_one_meeting_recorded_in_three_shapes_at_once(stack: Stack, tmp_path: Path) -> None:
    api = stack.api
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        for person in people(2):
            await seat(stack, meeting_id, person, leaving)
        several = {"allow_multiple_recordings": True}
        landscape = await api.start_recording(meeting_id, **several)
        portrait = await api.start_recording(
            meeting_id, video_config={"codec": "VP8", "width": 361, "height": 640}, **several
        )
        sound = await api.start_recording(meeting_id, audio_config={"codec": "MP3", "channel": "mono"}, **several)
        await asyncio.sleep(5.0)
        for recording_id in (landscape, portrait, sound):
            await api.stop_recording(recording_id)
        done = [await api.recording_in(each, "UPLOADED") for each in (landscape, portrait, sound)]
    (stream_dir,) = (stack.data / "captures").iterdir()
    assert stream_dir.is_dir(), "all three were made from one capture"
    expected = (
        ("mp4", ("h264", "aac"), (1280, 720), 2),
        ("webm", ("vp8", "vorbis"), (362, 640), 2),
        ("mp3", ("mp3float",), None, 1),
    )
    for recording, (ending, codecs, size_px, channels) in zip(done, expected, strict=True):
        assert recording.output_file_name.endswith(f".{ending}")
        file = await fetch(recording.download_url, tmp_path / recording.output_file_name)
        assert recording.file_size == file.stat().st_size
        facts = facts_of(file)
        assert facts.codecs == codecs
        assert facts.size_px == size_px
        assert facts.channels == channels
        assert facts.sound_s == pytest.approx(exact_s(recording), abs=0.1)
        assert facts.sound_s > 4.5
        assert facts.peak > 0.02, "the beeps are heard"
        if size_px is not None:
            assert facts.frames == pytest.approx(exact_s(recording) * 30, abs=2)
            assert facts.bright > 40, "the cameras are seen"
    assert done[0].audio_download_url is None
    assert done[2].audio_download_url is not None


async def test_a_film_and_its_sound_in_separate_files(stack: Stack, tmp_path: Path) -> None:
    api = stack.api
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        await seat(stack, meeting_id, people(1)[0], leaving)
        recording_id = await api.start_recording(
            meeting_id,
            video_config={"codec": "VP9", "width": 320, "height": 320},
            audio_config={"channel": "mono", "codec": "AAC"},
        )
        await asyncio.sleep(3.0)
        await api.stop_recording(recording_id)
        recording = await api.recording_in(recording_id, "UPLOADED")
    film = facts_of(await fetch(recording.download_url, tmp_path / "film.webm"))
    sound = facts_of(await fetch(recording.audio_download_url, tmp_path / "sound.ogg"))
    assert (film.codecs, film.size_px, film.channels) == (("vp9", "vorbis"), (320, 320), 1)
    assert (sound.codecs, sound.size_px, sound.channels) == (("vorbis",), None, 1)
    assert sound.sound_s == pytest.approx(film.sound_s, abs=0.05)
    assert (recording.model_extra or {})["reelkit"]["notes"][0].startswith("audio_config.codec")


async def test_nothing_of_a_pause_is_on_the_disk(stack: Stack, tmp_path: Path) -> None:
    api = stack.api
    pauses = []
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        player = await seat(stack, meeting_id, people(1)[0], leaving)
        recording_id = await api.start_recording(
            meeting_id,
            video_config={"width": 320, "height": 180},
            extra_body={"reelkit": {"keep_capture": True}},
        )
        for _ in range(3):
            await asyncio.sleep(1.0)
            await api.steer_recording(recording_id, "pause")
            paused_s = time.time()
            assert (await api.recording(recording_id)).status == "PAUSED"
            await asyncio.sleep(1.5)
            pauses.append((paused_s, time.time()))
            await api.steer_recording(recording_id, "resume")
        await asyncio.sleep(1.0)
        await api.steer_recording(recording_id, "pause")
        paused_s = time.time()
        await asyncio.sleep(1.0)
        pauses.append((paused_s, time.time()))
        await api.stop_recording(recording_id)
        recording = await api.recording_in(recording_id, "UPLOADED")
        notices = [event for event, _ in player.pushes if event in {STARTED, STOPPED, PAUSED}]
    assert notices == [STARTED, *[PAUSED, STARTED] * 3, PAUSED, STOPPED]
    assert recording.session_id is not None
    capture = stack.data / "captures" / recording.session_id
    arrivals_s = sorted(
        packet.arrival_s for path in (capture / RTP_DIR).glob("*.mjr") for packet in MjrReader(path).poll()
    )
    assert len(arrivals_s) > 200
    for start_s, stop_s in pauses:
        assert [each for each in arrivals_s if start_s < each < stop_s] == []
    marks = [event for event in JournalReader(capture / JOURNAL_FILE).poll() if isinstance(event, RecordingMarked)]
    assert [mark.mark for mark in marks] == ["started", *["paused", "resumed"] * 3, "paused", "stopped"]
    assert exact_s(recording) == pytest.approx(4.0, abs=0.6)
    facts = facts_of(await fetch(recording.download_url, tmp_path / "film.mp4"))
    assert facts.sound_s == pytest.approx(exact_s(recording), abs=0.05)


async def test_a_recording_of_a_second(stack: Stack, tmp_path: Path) -> None:
    api = stack.api
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        await seat(stack, meeting_id, people(1)[0], leaving)
        recording_id = await api.start_recording(meeting_id, audio_config={}, video_config={"codec": "VP8"})
        await asyncio.sleep(1.0)
        await api.stop_recording(recording_id)
        recording = await api.recording_in(recording_id, "UPLOADED")
    film = facts_of(await fetch(recording.download_url, tmp_path / "film.webm"))
    sound = facts_of(await fetch(recording.audio_download_url, tmp_path / "sound.ogg"))
    assert film.frames == pytest.approx(exact_s(recording) * 30, abs=1)
    assert sound.sound_s == pytest.approx(exact_s(recording), abs=0.05)
    assert exact_s(recording) == pytest.approx(1.0, abs=0.3)


async def test_recordings_without_a_place_are_rendered_after_their_stop(tmp_path: Path) -> None:
    async with AsyncExitStack() as leaving:
        stack = await leaving.enter_async_context(Stack(environment={"REELKIT_RENDER__MAX_LIVE": "1"}))
        api = stack.api
        meeting_id = await api.create_meeting()
        await seat(stack, meeting_id, people(1)[0], leaving)
        small = {"allow_multiple_recordings": True, "video_config": {"width": 320, "height": 180}}
        first = await api.start_recording(meeting_id, **small)
        second = await api.start_recording(meeting_id, **small)
        await asyncio.sleep(4.0)

        async def rendering(recording_id: str) -> dict[str, object]:
            state: dict[str, object] = ((await api.recording(recording_id)).model_extra or {})["reelkit"]["rendering"]
            return state

        assert (await rendering(first))["state"] == "live"
        waiting = await rendering(second)
        assert waiting["state"] == "waiting"
        assert waiting["lag_s"] == pytest.approx(4.0, abs=1.5)
        async with httpx.AsyncClient() as client:
            metrics = (await client.get(f"{stack.listening.http}/metrics")).text
        assert 'reelkit_render_jobs{state="waiting"} 1.0' in metrics
        await api.stop_recording(second)
        late = await api.recording_in(second, "UPLOADED")
        assert (await api.recording(first)).status == "RECORDING"
        facts = facts_of(await fetch(late.download_url, tmp_path / "late.mp4"))
        assert facts.frames == pytest.approx(exact_s(late) * 30, abs=1)
        assert exact_s(late) > 4.0
        await api.stop_recording(first)
        await api.recording_in(first, "UPLOADED")


async def test_another_film_is_made_of_a_kept_capture(stack: Stack, tmp_path: Path) -> None:
    api = stack.api
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        await seat(stack, meeting_id, people(1)[0], leaving)
        recording_id = await api.start_recording(meeting_id, extra_body={"reelkit": {"keep_capture": True}})
        await asyncio.sleep(4.0)
        await api.stop_recording(recording_id)
        await api.recording_in(recording_id, "UPLOADED")
    path = f"/accounts/{api.account_id}/realtime/kit/{api.app_id}/recordings/{recording_id}/renders"
    body = {"video_config": {"codec": "VP9", "width": 180, "height": 320}, "start_s": 1.0, "stop_s": 3.0}
    async with httpx.AsyncClient(
        base_url=f"{stack.listening.http}/client/v4", headers={"Authorization": f"Bearer {stack.token}"}
    ) as operator:
        answer = await operator.post(path, json=body)
        assert answer.status_code == 201, answer.text
        render = answer.json()["data"]
        async with asyncio.timeout(60):
            while render["status"] == "UPLOADING":
                await asyncio.sleep(0.2)
                render = (await operator.get(f"{path}/{render['id']}")).json()["data"]
    assert render["status"] == "UPLOADED"
    facts = facts_of(await fetch(render["download_url"], tmp_path / "again.webm"))
    assert (facts.codecs, facts.size_px) == (("vp9", "vorbis"), (180, 320))
    assert facts.frames == pytest.approx(60, abs=1)
    assert facts.bright > 40
