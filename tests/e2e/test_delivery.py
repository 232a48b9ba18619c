"""Delivery to the caller's own storage, from the start call to the object, with a real S3 server behind a bad link."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudflare import UnprocessableEntityError

from reelkit.process import wait_until
from testbed.faulty_link import FaultyLink
from testbed.free_port import LOOPBACK
from testbed.stack import Stack
from testbed.storage import s3
from testbed.storage.s3 import RcloneS3
from testbed.storage.server import BUCKET

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(240)]

PATH = "weekly/2026"
FILM_S = 1.0
FINAL = {"UPLOADED", "ERRORED"}


@dataclass
class Scene:
    """A server, and the storage that it delivers to."""

    stack: Stack
    storage: RcloneS3
    link: FaultyLink

    def config(self, secret: str | None = None) -> dict[str, Any]:
        return {
            "type": "aws",
            "access_key": s3.ACCESS_KEY,
            "secret": secret or s3.SECRET,
            "bucket": BUCKET,
            "region": "eu-central-1",
            "path": PATH,
        }

    def object(self, name: str) -> Path:
        return self.storage.objects / BUCKET / PATH / name

    async def start(self, **options: Any) -> str:
        """A recording of a meeting that nobody is in; what is in the film makes no difference here."""
        meeting_id = await self.stack.api.create_meeting()
        recording_id = await self.stack.api.start_recording(meeting_id, storage_config=self.config(), **options)
        await asyncio.sleep(FILM_S)
        return recording_id

    async def answer(self, recording_id: str) -> dict[str, Any]:
        """All that the server says of a recording, as it stands on the wire."""
        return await self._request("GET", f"recordings/{recording_id}")

    async def deliver_again(self, recording_id: str, secret: str) -> str:
        """As an operator does, with the new credentials on standard input."""
        command = Path(sys.executable).with_name("reelkit")
        process = await asyncio.create_subprocess_exec(
            *(command, "recordings", "deliver", recording_id, "--storage", "-", "--data", self.stack.data),
            env={**os.environ, "REELKIT_API_TOKEN": self.stack.token},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate(json.dumps(self.config(secret)).encode())
        assert process.returncode == 0
        return out.decode()

    async def has(self, recording_id: str, *, present: str = "status", **expected: str) -> dict[str, Any]:
        """Waits until the status and these fields of ``reelkit.destination`` are so, and one is ``present``."""
        found: dict[str, Any] = {}

        async def reached() -> bool:
            nonlocal found
            found = await self.answer(recording_id)
            known = {"status": found["status"], **found["reelkit"]["destination"]}
            assert known["status"] == expected["status"] or known["status"] not in FINAL, (known, found["reelkit"])
            return present in known and all(known.get(name) == value for name, value in expected.items())

        try:
            await wait_until(reached, timeout_s=60, interval_s=0.05)
        except (TimeoutError, AssertionError) as error:
            raise AssertionError(f"not {expected} but {found}\n{self.stack.log_tail()}") from error
        return found

    async def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        at = self.stack.listening
        url = f"{at.http}/client/v4/accounts/{at.account_id}/realtime/kit/{at.app_id}/{path}"
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.request(
                method, url, headers={"authorization": f"Bearer {self.stack.token}"}, **options
            )
        answer.raise_for_status()
        data: dict[str, Any] = answer.json()["data"]
        return data


@asynccontextmanager
async def scene_in(directory: Path) -> AsyncIterator[Scene]:
    (directory / "s3").mkdir()
    async with AsyncExitStack() as parts:
        storage = await parts.enter_async_context(RcloneS3(directory / "s3"))
        link = await parts.enter_async_context(FaultyLink(storage.port))
        endpoint = f"http://{LOOPBACK}:{link.port}"
        stack = await parts.enter_async_context(Stack(environment={"REELKIT_STORAGE__ENDPOINTS__AWS": endpoint}))
        yield Scene(stack, storage, link)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_films_arrive_whatever_happens_to_the_storage_and_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene_in(tmp_path) as scene:
        await everything_arrives(scene)
        await storage_that_was_down_gets_its_film(scene)
        await a_killed_server_goes_on(scene)
        await a_secret_that_was_changed(scene, monkeypatch)
        log = "\n".join(scene.stack.log)
        assert s3.SECRET not in log
        assert "another-secret" not in log


async def everything_arrives(scene: Scene) -> None:
    with pytest.raises(UnprocessableEntityError, match="storage_config"):
        await scene.stack.api.start_recording(
            await scene.stack.api.create_meeting(), storage_config=scene.config("guessed")
        )
    recording_id = await scene.start(realtimekit_bucket_config={"enabled": False}, audio_config={}, video_config={})
    await scene.stack.api.stop_recording(recording_id)
    answer = await scene.has(recording_id, status="UPLOADED", state="UPLOADED")
    shown = await scene.stack.api.recording(recording_id)
    assert shown.storage_config is not None
    assert (shown.storage_config.type, shown.storage_config.bucket, shown.storage_config.path) == ("aws", BUCKET, PATH)
    assert not {"download_url", "audio_download_url", "download_url_expiry"} & set(answer)
    assert answer["reelkit"]["bucket"] == {"state": "REMOVED"}
    assert not {"secret", "access_key"} & set(answer["storage_config"])
    assert digest(scene.object(answer["output_file_name"])) == answer["reelkit"]["sha256"]
    assert digest(scene.object(answer["reelkit"]["audio_file_name"])) == answer["reelkit"]["audio_sha256"]
    assert scene.object(f"{answer['output_file_name']}.json").exists()
    hosted = scene.stack.data / "bucket" / scene.stack.listening.app_id / recording_id
    assert not hosted.exists()


async def storage_that_was_down_gets_its_film(scene: Scene) -> None:
    recording_id = await scene.start()
    await scene.storage.stop()
    await scene.stack.api.stop_recording(recording_id)
    await scene.has(recording_id, status="UPLOADING", state="UPLOADING", present="error")
    await scene.storage.start()
    answer = await scene.has(recording_id, status="UPLOADED", state="UPLOADED")
    assert digest(scene.object(answer["output_file_name"])) == answer["reelkit"]["sha256"]
    assert "download_url" in answer


async def a_killed_server_goes_on(scene: Scene) -> None:
    recording_id = await scene.start()
    scene.link.stalled = True
    connections = scene.link.connections
    await scene.stack.api.stop_recording(recording_id)

    async def sends() -> bool:
        return scene.link.connections > connections

    await scene.has(recording_id, status="UPLOADING", state="UPLOADING")
    await wait_until(sends, timeout_s=60)
    await scene.stack.kill()
    scene.link.stalled = False
    await scene.stack.start()
    answer = await scene.has(recording_id, status="UPLOADED", state="UPLOADED")
    assert digest(scene.object(answer["output_file_name"])) == answer["reelkit"]["sha256"]
    assert answer["stop_reason"]["reason"] == "API_CALL"


async def a_secret_that_was_changed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    recording_id = await scene.start()
    await scene.storage.stop()
    monkeypatch.setattr(s3, "SECRET", "another-secret")
    await scene.storage.start()
    await scene.stack.api.stop_recording(recording_id)
    failed = await scene.has(recording_id, status="ERRORED", state="FAILED")
    assert failed["reelkit"]["bucket"] == {"state": "STORED"}
    async with httpx.AsyncClient() as client:
        film = await client.get(failed["download_url"])
    assert hashlib.sha256(film.content).hexdigest() == failed["reelkit"]["sha256"]
    told = await scene.deliver_again(recording_id, "another-secret")
    assert told == f"{recording_id}: UPLOADING to s3://{BUCKET}/{PATH}\n"
    answer = await scene.has(recording_id, status="UPLOADED", state="UPLOADED")
    assert digest(scene.object(answer["output_file_name"])) == answer["reelkit"]["sha256"]
    assert "error" not in answer["reelkit"]
