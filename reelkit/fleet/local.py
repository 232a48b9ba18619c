"""Workers on this machine: one supervised subprocess per recording, so many at once as there are places.

A worker is free to die: its state is on disk, segment by segment, so it is started again and goes on. Only a failure
that it calls final itself, or too many restarts without one new segment, ends a job. A full disk ends none: the worker
is started again until there is room.
"""

import asyncio
import contextvars
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from subprocess import SubprocessError

import structlog

from reelkit.clock import Clock
from reelkit.fleet.base import JobOutcome, JobProgress, JobSpec, JobStatus, ProgressListener
from reelkit.fleet.errors import JobUnknown
from reelkit.fleet.job_config import write_job_config
from reelkit.fleet.messages import EXIT_DISK_FULL
from reelkit.fleet.slots import RenderSlots, Turn, default_limit
from reelkit.fleet.worker_run import WorkerRun
from reelkit.process import ChildProcess
from reelkit.settings import RenderSettings

log = structlog.get_logger(__name__)

# The first restart is immediate: a killed renderer should cost no time. Each further one without progress waits longer.
_BACKOFF_FIRST_S = 0.25
_BACKOFF_MAX_S = 15.0
# A worker that was asked to end has nothing to save that is not on disk already.
_STOP_TIMEOUT_S = 2.0
# The record of a long meeting with many people is one line of several megabytes.
_MAX_MESSAGE_BYTES = 64 << 20


@dataclass
class _Job:
    spec: JobSpec
    supervisor: asyncio.Task[JobOutcome]
    progress: JobProgress | None = None
    child: ChildProcess | None = None


class LocalFleet:
    """Implements :class:`reelkit.fleet.base.Fleet` with subprocesses of this Python.

    ``command`` names the worker's program, for tests of the supervision itself.
    """

    def __init__(
        self,
        settings: RenderSettings,
        clock: Clock,
        command: tuple[str, ...] = (sys.executable, "-m", "reelkit.fleet.worker"),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._command = command
        self._jobs: dict[str, _Job] = {}
        self._slots = RenderSlots(settings.max_live or default_limit())
        self._listeners: list[ProgressListener] = []

    async def start(self, spec: JobSpec) -> None:
        """Starts a job, or continues the one in its directory. Raises OSError if it cannot be written down."""
        if spec.recording_id in self._jobs:
            return
        await asyncio.to_thread(write_job_config, spec)
        # A context of its own: what was bound for the request that started the job is not the job's.
        supervisor = asyncio.create_task(
            self._supervise(spec), name=f"render-{spec.recording_id}", context=contextvars.Context()
        )
        self._jobs[spec.recording_id] = _Job(spec, supervisor)

    async def wait(self, recording_id: str) -> JobOutcome:
        """Waits for the end of a job and forgets it. Raises JobUnknown."""
        job = self._job(recording_id)
        try:
            return await asyncio.shield(job.supervisor)
        finally:
            if job.supervisor.done():
                self._jobs.pop(recording_id, None)

    async def ended(self, recording_id: str) -> None:
        """Waits for the end of a job without forgetting it."""
        job = self._jobs.get(recording_id)
        if job is not None:
            await asyncio.wait({job.supervisor})

    async def cancel(self, recording_id: str) -> None:
        """Ends a job's worker and forgets the job."""
        job = self._jobs.pop(recording_id, None)
        if job is None:
            return
        job.supervisor.cancel()
        (result,) = await asyncio.gather(job.supervisor, return_exceptions=True)
        if isinstance(result, Exception):
            log.error("a renderer's supervision failed", exc_info=result)

    def progress(self, recording_id: str) -> JobProgress | None:
        """The newest report of a running job; None before the first and for unknown jobs."""
        job = self._jobs.get(recording_id)
        return job.progress if job else None

    def recording_stopped(self, recording_id: str) -> None:
        """The job goes before those of recordings that go on."""
        self._slots.stopped(recording_id)

    def statuses(self) -> Mapping[str, JobStatus]:
        """All jobs by recording."""
        return {
            recording_id: JobStatus(
                not _is_placeless(job.spec) and not self._slots.has_place(recording_id), job.progress
            )
            for recording_id, job in self._jobs.items()
            if not job.supervisor.done()
        }

    def on_progress(self, listener: ProgressListener) -> None:
        """From now on ``listener`` gets every report of every job."""
        self._listeners.append(listener)

    def pid(self, recording_id: str) -> int | None:
        """The process id of a job's present worker, for operators and fault tests."""
        job = self._jobs.get(recording_id)
        child = job.child if job else None
        return child.pid if child is not None and child.returncode is None else None

    async def close(self) -> None:
        """Ends all workers; their jobs can be continued from disk by a later :meth:`start`."""
        supervisors = [job.supervisor for job in self._jobs.values()]
        for supervisor in supervisors:
            supervisor.cancel()
        for result in await asyncio.gather(*supervisors, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a renderer's supervision failed", exc_info=result)
        self._jobs.clear()

    def _job(self, recording_id: str) -> _Job:
        try:
            return self._jobs[recording_id]
        except KeyError:
            raise JobUnknown("no such job is running", recording_id=recording_id) from None

    async def _supervise(self, spec: JobSpec) -> JobOutcome:
        if _is_placeless(spec):
            return await self._keep_running(spec)
        async with self._slots.held(spec.recording_id, _turn(spec)):
            return await self._keep_running(spec)

    async def _keep_running(self, spec: JobSpec) -> JobOutcome:
        without_progress = 0
        while True:
            worker = WorkerRun(spec, lambda progress: self._progressed(spec, progress))
            status = await self._run(spec, worker)
            if worker.outcome is not None:
                return worker.outcome
            without_progress = 0 if worker.made_progress else without_progress + 1
            ending = "no process" if status is None else describe_exit(status)
            if without_progress > self._settings.max_restarts:
                return await self._give_up(
                    spec, f"the renderer ended {without_progress} times without progress, last with {ending}"
                )
            log.warning(
                "renderer ended early and is restarted",
                recording_id=spec.recording_id,
                exit=ending,
                without_progress=without_progress,
            )
            if without_progress > 1:
                await self._clock.sleep(min(_BACKOFF_MAX_S, _BACKOFF_FIRST_S * 2 ** (without_progress - 2)))

    async def _give_up(self, spec: JobSpec, reason: str) -> JobOutcome:
        """Ends a job with the film of what was committed, if a worker can still make one."""
        log.error("a recording's renderer is given up", recording_id=spec.recording_id, reason=reason)
        worker = WorkerRun(spec, lambda progress: self._progressed(spec, progress))
        await self._run(spec, worker, "--salvage", reason)
        return worker.outcome or JobOutcome.failed(reason)

    async def _run(self, spec: JobSpec, worker: WorkerRun, *options: str) -> int | None:
        """Runs a process, again and again while the disk is full; its exit status, None if it could not be started."""
        while (status := await self._run_once(spec, worker, *options)) == EXIT_DISK_FULL:
            log.error("a renderer waits for space on the disk", recording_id=spec.recording_id)
            await self._clock.sleep(_BACKOFF_MAX_S)
        return status

    async def _run_once(self, spec: JobSpec, worker: WorkerRun, *options: str) -> int | None:
        # What is missed of a page is nowhere else: it cannot be caught up with.
        nice = 0 if spec.page is not None else self._settings.nice
        child = ChildProcess(
            [*self._command, spec.job_dir, *options],
            name=f"renderer-{spec.recording_id}",
            env=_worker_environment(),
            stop_timeout_s=_STOP_TIMEOUT_S,
            on_stdout=worker.on_message,
            on_stderr=worker.on_log,
            preexec=lambda: _yield_processor(nice),
            max_line_bytes=_MAX_MESSAGE_BYTES,
            stdin=_handover(spec) if "--salvage" not in options else None,
        )
        job = self._jobs.get(spec.recording_id)
        if job is not None:
            job.child = child
        try:
            await child.start()
        except (OSError, SubprocessError) as error:
            log.error("a renderer could not be started", recording_id=spec.recording_id, reason=str(error))  # noqa: TRY400
            return None
        try:
            return await child.wait()
        finally:
            await asyncio.shield(child.stop())

    def _progressed(self, spec: JobSpec, progress: JobProgress) -> None:
        job = self._jobs.get(spec.recording_id)
        if job is not None:
            if progress.needed_from is None and job.progress is not None:
                # Not told again while it is the same; it also holds for a worker that takes over.
                progress = replace(progress, needed_from=job.progress.needed_from)
            job.progress = progress
        for listener in self._listeners:
            listener(spec.recording_id, progress)


def _is_placeless(spec: JobSpec) -> bool:
    """Whether a job runs at once, however many others do: copying the packets of tracks costs little, and a page does
    not wait."""
    return spec.tracks is not None or spec.page is not None


def _handover(spec: JobSpec) -> bytes | None:
    """What the worker finds in its standard input: a line for the stream, a line for the page."""
    secrets = [each.handover() for each in (spec.stream, spec.page) if each is not None]
    return b"".join(secrets) or None


def _turn(spec: JobSpec) -> Turn:
    if spec.again:
        return Turn.AGAIN
    return Turn.LIVE if spec.render.live else Turn.STOPPED


def describe_exit(status: int) -> str:
    """``exit status 1`` or ``signal SIGKILL``."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"


def _worker_environment() -> dict[str, str]:
    """The server's environment without its settings, among which are secrets a renderer has no use for."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REELKIT_")}


def _yield_processor(nice: int) -> None:
    os.nice(nice)
