"""What is known of pages whose recording failed: their console, failed requests, and what they showed last.

The worker of a page leaves that in its job's directory. What a hostile page may have had a part in is read with care:
no links are followed, and nothing is read that is larger than a worker writes.
"""

import asyncio
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from reelkit.clock import Clock
from reelkit.control.errors import NotFound
from reelkit.control.paths import DataPaths
from reelkit.durable import delete_directory
from reelkit.page.job_files import PAGE_DIR, REPORT_FILE, SCREENSHOT_FILE

log = structlog.get_logger(__name__)

CHECK_INTERVAL_S = 600.0
"""A diagnosis may outlive its time by so much."""
# Far more than a worker writes.
_MAX_REPORT_BYTES = 4 << 20
_MAX_SCREENSHOT_BYTES = 32 << 20


class Diagnoses:
    """Keeps them for ``keep_s``, by recording."""

    def __init__(self, paths: DataPaths, clock: Clock, keep_s: float) -> None:
        self._paths = paths
        self._clock = clock
        self._keep_s = keep_s

    async def keep(self, recording_id: str) -> None:
        """Takes what the worker of a failed page left out of its job's directory. Never fails."""
        target = self._paths.diagnosis(recording_id)
        try:
            if await asyncio.to_thread(_moved, self._paths.job(recording_id) / PAGE_DIR, target, self._clock.time_s()):
                log.warning("a page failed: see its diagnosis", recording_id=recording_id, diagnosis=str(target))
        except OSError as error:
            log.warning("the diagnosis of a page is lost", recording_id=recording_id, reason=str(error))

    async def report(self, recording_id: str) -> dict[str, Any]:
        """What the worker wrote about the page. Raises NotFound."""
        content = await self._read(recording_id, REPORT_FILE, _MAX_REPORT_BYTES)
        try:
            report = json.loads(content)
        except ValueError as error:
            raise NotFound("the diagnosis of this recording's page cannot be read") from error
        if not isinstance(report, dict):
            raise NotFound("the diagnosis of this recording's page cannot be read")
        return report

    async def screenshot(self, recording_id: str) -> bytes:
        """What the page showed last, a PNG. Raises NotFound."""
        return await self._read(recording_id, SCREENSHOT_FILE, _MAX_SCREENSHOT_BYTES)

    async def erase(self, recording_id: str) -> bool:
        """Deletes a diagnosis; tells whether there was one. Raises OSError."""
        return await asyncio.to_thread(delete_directory, self._paths.diagnosis(recording_id))

    async def run(self) -> None:
        """Deletes those whose time is over, for ever."""
        while True:
            try:
                await self.expire()
            except OSError as error:
                log.error("old diagnoses could not be looked at", reason=str(error))  # noqa: TRY400
            await self._clock.sleep(CHECK_INTERVAL_S)

    async def expire(self) -> int:
        """Deletes those whose time is over; returns how many. Raises OSError."""
        before_s = self._clock.time_s() - self._keep_s
        expired = await asyncio.to_thread(_expired, self._paths.diagnoses, before_s)
        if expired:
            log.info("old diagnoses were deleted", diagnoses=expired)
        return expired

    async def _read(self, recording_id: str, name: str, max_bytes: int) -> bytes:
        try:
            return await asyncio.to_thread(_content, self._paths.diagnosis(recording_id) / name, max_bytes)
        except OSError as error:
            raise NotFound(f"there is no {name} about a page of this recording, or it is no longer kept") from error


def _moved(source: Path, target: Path, now_s: float) -> bool:
    if not source.is_dir():
        return False
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    delete_directory(target)
    target.mkdir(mode=0o700)
    for name in (REPORT_FILE, SCREENSHOT_FILE):
        with suppress(FileNotFoundError):
            (source / name).rename(target / name)
    # What people in the meeting said, which the page has handed on, is nobody's to keep.
    shutil.rmtree(source, ignore_errors=True)
    # From now on it is kept for so long.
    os.utime(target, (now_s, now_s))
    return True


def _content(path: Path, max_bytes: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(f"{path} is larger than any that a worker writes")
    return content


def _expired(directory: Path, before_s: float) -> int:
    if not directory.is_dir():
        return 0
    return sum(delete_directory(each) for each in directory.iterdir() if each.stat().st_mtime <= before_s)
