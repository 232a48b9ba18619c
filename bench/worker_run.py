"""A renderer's worker process on a capture that is complete, and what it took."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage

from reelkit.fleet.job_config import CONFIG_FILE
from reelkit.render.config import RenderConfig
from reelkit.render.report import ENCODE_VIDEO, RenderReport

DEADLINE_S = 900.0
_POLL_S = 0.02
_FILMS = ("film.mp4", "film.webm")
_LOG_TAIL_BYTES = 2_000


class WorkerFailed(Exception):
    """The worker ended without a film, or took too long."""


@dataclass(frozen=True)
class WorkerRun:
    """One film made by one process, from its start to its end."""

    film: Path
    report: RenderReport
    cpu_s: float
    """Processor time of the process, its start included."""
    wall_s: float
    memory_bytes: int
    """Resident memory at most."""

    @property
    def parts_s(self) -> dict[str, float]:
        """Processor time by part; ``start`` is what the interpreter and its imports take."""
        parts_s = dict(self.report.cpu_s)
        parts_s["start"] = max(0.0, self.cpu_s - sum(parts_s.values()))
        return parts_s

    @property
    def rendering_s(self) -> float:
        """Processor time of everything but the start of the process."""
        return sum(self.report.cpu_s.values())

    @property
    def encoder_s(self) -> float:
        return self.report.cpu_s[ENCODE_VIDEO]

    @property
    def cores(self) -> float:
        """Processor time per second of film."""
        return self.cpu_s / self.report.duration_s

    @property
    def speed(self) -> float:
        """Seconds of film made in a second."""
        return self.report.duration_s / self.wall_s

    @property
    def kilobits_per_s(self) -> float:
        return self.film.stat().st_size * 8 / self.report.duration_s / 1e3


def run_worker(
    capture: Path,
    config: RenderConfig,
    job_dir: Path,
    *,
    processors: Sequence[int] | None = None,
    deadline_s: float = DEADLINE_S,
) -> WorkerRun:
    """Renders a capture in a process of its own, which may use the given ``processors`` alone.

    Raises WorkerFailed.
    """
    job_dir.mkdir(parents=True, exist_ok=True)
    document = {"capture_dir": str(capture), "render": config.model_dump(mode="json")}
    (job_dir / CONFIG_FILE).write_text(json.dumps(document))
    pinned = ["taskset", "-c", ",".join(map(str, processors))] if processors is not None else []
    with (job_dir / "messages").open("wb") as messages, (job_dir / "log").open("wb") as log:
        started_s = time.monotonic()
        process = subprocess.Popen(
            [*pinned, sys.executable, "-m", "reelkit.fleet.worker", str(job_dir)], stdout=messages, stderr=log
        )
        try:
            status, usage, memory_bytes = _wait(process.pid, started_s + deadline_s)
        except TimeoutError:
            process.kill()
            process.wait()
            raise WorkerFailed(f"the worker took longer than {deadline_s:.0f} s") from None
        wall_s = time.monotonic() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
    film = next((job_dir / name for name in _FILMS if (job_dir / name).exists()), None)
    if process.returncode or film is None:
        tail = (job_dir / "log").read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")
        raise WorkerFailed(f"the worker ended with {process.returncode}\n{tail}")
    last = json.loads((job_dir / "messages").read_bytes().splitlines()[-1])
    return WorkerRun(
        film=film,
        report=RenderReport.model_validate(last["report"]),
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=wall_s,
        memory_bytes=memory_bytes,
    )


def _wait(pid: int, deadline_s: float) -> tuple[int, struct_rusage, int]:
    """Exit status, processor time and most memory. The latter is read while it runs: what wait4(2) tells is at least
    the memory of the process that forked."""
    memory_bytes = 0
    status_file = Path(f"/proc/{pid}/status")
    while True:
        memory_bytes = max(memory_bytes, _high_water_bytes(status_file.read_text()))
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, usage, memory_bytes
        if time.monotonic() > deadline_s:
            raise TimeoutError
        time.sleep(_POLL_S)


def _high_water_bytes(status: str) -> int:
    """VmHWM of proc_pid_status(5); a process that has just ended has none."""
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) * 1024
