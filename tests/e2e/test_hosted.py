"""A server whose hosted bucket is on S3: from the call to the download by a presigned URL, and to its erasure."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

from testbed.free_port import LOOPBACK
from testbed.stack import Stack
from testbed.storage.s3 import ACCESS_KEY, SECRET, RcloneS3
from testbed.storage.server import BUCKET

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]


async def test_an_s3_bucket_from_the_call_to_the_erasure(tmp_path: Path) -> None:
    root = tmp_path / "s3"
    root.mkdir()
    async with RcloneS3(root) as server:
        endpoint = f"http://{LOOPBACK}:{server.port}"
        settings = {
            "KIND": "s3",
            "ENDPOINT": endpoint,
            "BUCKET": BUCKET,
            "PREFIX": "hosted",
            "ACCESS_KEY": ACCESS_KEY,
            "SECRET": SECRET,
        }
        async with Stack(environment={f"REELKIT_BUCKET__{name}": value for name, value in settings.items()}) as stack:
            recording_id = await stack.api.start_recording(await stack.api.create_meeting())
            await asyncio.sleep(4)  # as long as the film
            await stack.api.stop_recording(recording_id)
            done = await stack.api.recording_in(recording_id, "UPLOADED")
            assert str(done.download_url).startswith(f"{endpoint}/{BUCKET}/hosted/")
            film = await stack.api.download(done, tmp_path)
            assert film.stat().st_size == done.file_size
            objects = server.objects / BUCKET / "hosted"
            assert len([path for path in objects.rglob("*") if path.is_file()]) == 2
            # Nothing of it is left on this machine.
            assert not [path for path in (stack.data / "bucket").rglob("*") if path.is_file()]

            command = [str(Path(sys.executable).with_name("reelkit")), "recordings", "delete", "--yes", recording_id]
            environment = {"REELKIT_API_TOKEN": stack.token, "REELKIT_DATA": str(stack.data)}
            erasing = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
            told, _ = await erasing.communicate()
            assert erasing.returncode == 0, told
            assert b"files in the hosted bucket" in told
            assert not [path for path in objects.rglob("*") if path.is_file()]
            async with httpx.AsyncClient() as client:
                assert (await client.get(str(done.download_url))).status_code == 404


async def test_a_bucket_that_refuses_is_told_at_the_start(tmp_path: Path) -> None:
    root = tmp_path / "s3"
    root.mkdir()
    async with RcloneS3(root) as server:
        settings = {
            "REELKIT_BUCKET__KIND": "s3",
            "REELKIT_BUCKET__ENDPOINT": f"http://{LOOPBACK}:{server.port}",
            "REELKIT_BUCKET__BUCKET": BUCKET,
            "REELKIT_BUCKET__ACCESS_KEY": ACCESS_KEY,
            "REELKIT_BUCKET__SECRET": "guessed-secret",
        }
        command = [
            str(Path(sys.executable).with_name("reelkit")),
            "serve",
            "--data",
            str(tmp_path / "data"),
            "--port",
            "0",
        ]
        serving = await asyncio.create_subprocess_exec(
            *command, "--tls-port", "0", env={**os.environ, **settings}, stderr=asyncio.subprocess.PIPE
        )
        _, said = await serving.communicate()
        assert serving.returncode == 2, said
        assert said.splitlines()[-1].startswith(b"reelkit: bucket: the storage answered")
        assert b"guessed-secret" not in said
