"""Storage that is down during a recording and after it: does the film arrive, whole, without anybody's help?

    scripts/netns.sh .venv/bin/python -m bench.storage_down [--down 600] [--seconds 150]

A meeting of four is recorded to an S3 server of the caller's, at such a quality that its film is sent while it grows.
Once parts of it are there, the server is stopped; the recording goes on without it, ends without it, and only after
--down seconds the server is started again. What it then has must be the hosted film, byte for byte. The exit status is
1 if it is not.
"""

import argparse
import asyncio
import hashlib
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from reelkit.process import wait_until
from testbed.rehearsal import rehearse
from testbed.stack import Stack
from testbed.storage.s3 import RcloneS3
from testbed.storage.server import BUCKET
from testbed.timeline import Timeline, people

ENVIRONMENT = {"REELKIT_RENDER__PRESET": "ultrafast", "REELKIT_RENDER__CRF": "1"}
"""Tens of megabits a second: the film has enough to be sent early."""
VIDEO = {"codec": "H264", "width": 1920, "height": 1080}
PATH = "films"


async def run(down_s: float, film_s: float) -> int:
    """Records, and takes the server away meanwhile."""
    with tempfile.TemporaryDirectory() as scratch:
        directory, storage = Path(scratch) / "films", Path(scratch) / "storage"
        directory.mkdir()
        storage.mkdir()
        async with AsyncExitStack() as running:
            server = await running.enter_async_context(RcloneS3(storage))
            endpoint = {"REELKIT_STORAGE__ENDPOINTS__AWS": str(server.settings().endpoints.aws)}
            stack = await running.enter_async_context(Stack(environment=ENVIRONMENT | endpoint))
            outage: asyncio.Task[float] | None = None
            sent_bytes = 0

            async def take_away(recording_id: str) -> None:
                nonlocal outage, sent_bytes

                async def on_its_way() -> bool:
                    nonlocal sent_bytes
                    sent_bytes = int((await _destination(stack, recording_id))["sent_bytes"])
                    return sent_bytes > 0

                await wait_until(on_its_way, timeout_s=film_s, interval_s=0.5)
                await server.stop()
                outage = asyncio.create_task(_bring_back(server, down_s))

            try:
                rehearsal = await rehearse(
                    stack,
                    Timeline(film_s, people(4)),
                    directory,
                    during=take_away,
                    options={"storage_config": _storage_config(server), "video_config": VIDEO},
                    delivery_timeout_s=down_s + 300,
                )
            except BaseException:
                print(stack.log_tail())
                raise
            assert outage is not None
            back_s = await outage
            late_s = time.monotonic() - back_s
            found = await _destination(stack, rehearsal.recording.id)
        kept = server.objects / BUCKET / PATH / rehearsal.recording.output_file_name
        same = _sha256(kept) == _sha256(rehearsal.film)
        size_bytes = rehearsal.film.stat().st_size
    table = Table(title=f"An S3 server that was down for {down_s:g} s")
    table.add_column("what")
    table.add_column("found", justify="right")
    for name, value in {
        "film": f"{size_bytes / 1e6:.0f} MB",
        "there when the server was stopped": f"{sent_bytes / 1e6:.0f} MB",
        "state": found["state"],
        "attempts": found["attempts"],
        "stop call to UPLOADED": f"{rehearsal.stop_to_uploaded_s:.1f} s",
        "start of the server to UPLOADED and a download": f"{late_s:.1f} s",
        "the object is the hosted film": same,
    }.items():
        table.add_row(name, str(value))
    Console().print(table)
    return 0 if same and found["state"] == "UPLOADED" else 1


async def _bring_back(server: RcloneS3, after_s: float) -> float:
    await asyncio.sleep(after_s)
    await server.start()
    return time.monotonic()


async def _destination(stack: Stack, recording_id: str) -> dict[str, Any]:
    """What the recording's answer says of the caller's storage."""
    found = (await stack.api.recording(recording_id)).model_dump()
    destination: dict[str, Any] = found["reelkit"]["destination"]
    return destination


def _storage_config(server: RcloneS3) -> dict[str, Any]:
    target = server.target(PATH)
    return {
        "type": "aws",
        "access_key": target.access_key.get_secret_value(),
        "secret": target.secret.get_secret_value(),
        "bucket": target.bucket,
        "region": target.region,
        "path": target.path,
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--down", type=float, default=600.0, help="seconds without the server")
    parser.add_argument("--seconds", type=float, default=150.0, help="of meeting")
    options = parser.parse_args()
    return asyncio.run(run(options.down, options.seconds))


if __name__ == "__main__":
    sys.exit(main())
