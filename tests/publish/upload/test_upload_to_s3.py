"""Uploads to a real S3 server, through a link that fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest

from reelkit.clock import SystemClock
from reelkit.egress.guard import EgressGuard
from reelkit.fleet.job import run_job
from reelkit.fleet.messages import Done, Message, Progress
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.open import open_destination
from reelkit.publish.upload.growth import GrowingFile
from reelkit.publish.upload.retry import Patience
from reelkit.publish.upload.source import FinishedFile
from reelkit.publish.upload.state import UploadState
from reelkit.publish.upload.upload import Upload
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.settings import EgressSettings
from testbed.capture import CaptureSpec, Device, write_capture
from testbed.faulty_link import FaultyLink
from testbed.storage.s3 import RcloneS3
from testbed.storage.server import BUCKET
from testbed.timeline import Timeline, people
from tests.publish.upload.growing import GrowingFilm, content, small_blocks

MIB = 1 << 20
EAGER = Patience(first_s=0.02, most_s=0.2)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RcloneS3]:
    (tmp_path / "s3").mkdir()
    async with RcloneS3(tmp_path / "s3") as running:
        yield running


def opened(server: RcloneS3, port: int | None = None) -> Destination:
    guard = EgressGuard(EgressSettings(allow_private=True))
    return open_destination(server.target("2026"), guard=guard, settings=server.settings(port))


def stored(server: RcloneS3, name: str) -> bytes:
    return (server.objects / BUCKET / "2026" / name).read_bytes()


class Kept:
    """The saved state of an upload, and the upload that goes on with it."""

    def __init__(self, destination: Destination, name: str = "film.mp4") -> None:
        self.destination = destination
        self.text = UploadState(name=name, content_type="video/mp4").model_dump_json()

    async def save(self, state: UploadState) -> None:
        self.text = state.model_dump_json()

    def upload(self) -> Upload:
        return Upload(
            self.destination,
            UploadState.model_validate_json(self.text),
            self.save,
            clock=SystemClock(),
            random=Random(4),
            patience=EAGER,
        )


async def test_a_film_grows_into_its_object_over_a_link_that_is_cut(server: RcloneS3, tmp_path: Path) -> None:
    """Blocks have their real size; the server dies once, and so does the uploader."""
    film = GrowingFilm(tmp_path / "film.mp4", content(57 * MIB + 11), 64 << 10)
    async with FaultyLink(server.port, seed=7) as link:
        link.cut_randomly(20 * MIB)
        destination = opened(server, link.port)
        kept = Kept(destination)
        upload = kept.upload()
        for step in range(6):
            film.grow(10 * MIB)
            report = film.report()
            assert report is not None
            await upload.advance(report)
            if step == 4:
                upload = kept.upload()
        assert UploadState.model_validate_json(kept.text).sent_bytes > 0
        await server.stop()
        finished = film.finish()
        finishing = asyncio.create_task(upload.finish(finished))
        await asyncio.sleep(0.1)
        await server.start()
        await finishing
        await destination.close()
    assert stored(server, "film.mp4") == finished.path.read_bytes()


async def test_a_server_that_comes_back_without_its_uploads_gets_everything_again(
    server: RcloneS3, tmp_path: Path
) -> None:
    """It says so and closes the connection while a part is being sent, so that nobody hears it."""
    film = GrowingFilm(tmp_path / "film.mp4", content(40 * MIB), 64 << 10)
    destination = opened(server)
    upload = Kept(destination).upload()
    film.grow(40 * MIB)
    report = film.report()
    assert report is not None
    await upload.advance(report)
    assert upload.state.sent_bytes == 32 * MIB
    await server.stop()
    await server.start()
    finished = film.finish()
    await upload.finish(finished)
    await destination.close()
    assert upload.state.failures >= 1
    assert stored(server, "film.mp4") == finished.path.read_bytes()


async def test_a_real_film_is_sent_while_it_is_rendered(server: RcloneS3, tmp_path: Path) -> None:
    """Its blocks are small here, so that it has many of them."""
    capture = CaptureSpec(Timeline(16.0, people(2)), device=Device(width_px=320, height_px=180))
    directory = write_capture(capture, tmp_path / "capture")
    config = RenderConfig(recording_id=capture.recording_id, video=VideoSpec(width_px=320, height_px=180))
    job = tmp_path / "job"
    job.mkdir()
    destination = opened(server)
    destination.rules = replace(destination.rules, min_bytes=1)
    kept = Kept(destination)
    upload = kept.upload()
    loop = asyncio.get_running_loop()
    told: GrowingFile | None = None

    def emit(message: Message) -> None:
        nonlocal told
        if isinstance(message, Progress):
            for news in message.growing:
                told = news.following(told)
                asyncio.run_coroutine_threadsafe(upload.advance(told), loop).result()

    with small_blocks(8 << 10), patch("reelkit.publish.film._COMPACT_BYTES", 0):
        done = await asyncio.to_thread(run_job, job, directory, config, SystemClock(), emit)
        assert isinstance(done, Done)
        (film,) = done.files
        sent = upload.state.sent_bytes
        assert sent > film.size_bytes // 4
        await upload.finish(FinishedFile.of(film))
    await destination.close()
    assert stored(server, "film.mp4") == film.path.read_bytes()
