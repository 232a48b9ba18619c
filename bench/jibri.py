"""A recorder in the manner of Jibri: a browser on an X server without a screen, which FFmpeg grabs and encodes.

It shows any page; bench/jibri_meeting.py has one that shows a meeting. The encoder's options are Jibri's. Needs the
programs that ``scripts/setup-bench.sh`` installs.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import httpx

from bench.chromium_parts import chromium_parts
from bench.process_trees import TreeMeter
from reelkit.process import ChildProcess, wait_until
from testbed.chromium import BINARY, QUIET_FLAGS
from testbed.timeline import FPS

WIDTH_PX, HEIGHT_PX = 1280, 720
PROGRAMS = ("Xvfb", "pulseaudio", "ffmpeg")
START_TIMEOUT_S = 30.0
SETTLE_S = 3.0
"""Between the beginning of the film and that of the measurement: a browser that has just started is busy."""
_SINK = "film"
_CHROMIUM = (
    *QUIET_FLAGS,
    "--autoplay-policy=no-user-gesture-required",
    "--disable-dev-shm-usage",
    # The page is the whole screen.
    "--kiosk",
    f"--window-size={WIDTH_PX},{HEIGHT_PX}",
    "--window-position=0,0",
    # Tells when the page plays.
    "--remote-debugging-port=0",
)
_ENCODING = (
    *("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-level", "3.1", "-pix_fmt", "yuv420p"),
    *("-r", str(FPS), "-crf", "25", "-g", "60", "-tune", "zerolatency"),
    *("-acodec", "aac", "-ar", "44100", "-b:a", "128k", "-af", "aresample=async=1"),
)


class BaselineFailed(Exception):
    """A program of the baseline is missing, did not start or ended early."""


@dataclass(frozen=True)
class JibriFilm:
    """What was recorded, and the processor time of a part of it."""

    path: Path
    seconds: float
    """Of measurement."""
    cpu_s: dict[str, float]
    """By program, its children included, and by what the browser's processes do."""

    @property
    def kilobits_per_s(self) -> float:
        with av.open(str(self.path)) as container:
            assert container.duration is not None
            return self.path.stat().st_size * 8 / (container.duration / av.time_base) / 1e3


class Jibri:
    """An async context manager: on entry the browser shows the page at ``url``, which has named itself ``playing``.

    ``flags`` are Chromium's, more than all pages get. A page that cannot play names itself ``failed`` and why.
    Everything that was started ends on exit. Raises BaselineFailed.
    """

    def __init__(self, url: str, flags: Sequence[str] = ()) -> None:
        self._url = url
        self._flags = tuple(flags)
        self._directory = Path(tempfile.mkdtemp(prefix="reelkit-jibri-"))
        self._resources = AsyncExitStack()
        self._children: dict[str, ChildProcess] = {}
        self._environment: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        async with self._resources:
            self._resources.callback(shutil.rmtree, self._directory, ignore_errors=True)
            for program in PROGRAMS:
                if shutil.which(program) is None:
                    raise BaselineFailed(f"{program} is missing: run scripts/setup-bench.sh")
            runtime = self._directory / "run"
            runtime.mkdir(mode=0o700)
            self._environment = {
                **os.environ,
                "DISPLAY": await self._start_display(),
                "HOME": str(self._directory),
                # Chromium leaves things there when it is ended.
                "TMPDIR": str(self._directory),
                "XDG_RUNTIME_DIR": str(runtime),
                "XDG_CONFIG_HOME": str(self._directory),
                "PULSE_SINK": _SINK,
                "PULSE_SERVER": f"unix:{runtime / 'pulse.socket'}",
            }
            await self._start_sound(runtime / "pulse.socket")
            await self._start_browser()
            self._resources = self._resources.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._resources.aclose()

    async def record(self, film: Path, seconds: float, beside: Mapping[str, int]) -> JibriFilm:
        """Grabs the page into ``film`` and measures ``seconds`` of that, also of the processes ``beside``.

        Raises BaselineFailed.
        """
        arguments = [
            *("ffmpeg", "-nostdin", "-loglevel", "error", "-y"),
            *("-f", "x11grab", "-draw_mouse", "0", "-r", str(FPS), "-s", f"{WIDTH_PX}x{HEIGHT_PX}"),
            *("-thread_queue_size", "4096", "-i", f"{self._environment['DISPLAY']}.0+0,0"),
            *("-f", "pulse", "-thread_queue_size", "4096", "-i", f"{_SINK}.monitor"),
            *_ENCODING,
            *("-f", "mp4", str(film)),
        ]
        complaints: list[str] = []
        async with ChildProcess(
            arguments, name="ffmpeg", env=self._environment, on_stderr=complaints.append
        ) as grabber:
            await asyncio.sleep(SETTLE_S)
            programs = {**self._children, "ffmpeg": grabber}
            pids = {name: child.pid for name, child in programs.items()}
            with TreeMeter({**beside, **pids, **chromium_parts(pids["chromium"])}) as meter:
                await asyncio.sleep(seconds)
            ended = [name for name, child in programs.items() if child.returncode is not None]
            if ended:
                raise BaselineFailed(f"{', '.join(ended)} ended early: {' '.join(complaints[-3:])}")
            # FFmpeg finishes the file on SIGINT.
            grabber.send_signal(signal.SIGINT)
            await asyncio.wait_for(grabber.wait(), START_TIMEOUT_S)
        return JibriFilm(film, seconds, meter.spent_s)

    async def _start_display(self) -> str:
        numbers: list[str] = []
        screen = f"{WIDTH_PX}x{HEIGHT_PX}x24"
        arguments = ["Xvfb", "-displayfd", "1", "-screen", "0", screen, "-ac", "-nolisten", "tcp"]
        await self._start("Xvfb", ChildProcess(arguments, name="Xvfb", on_stdout=numbers.append))
        await self._until("Xvfb", lambda: bool(numbers))
        return f":{numbers[0].strip()}"

    async def _start_sound(self, socket: Path) -> None:
        arguments = [
            *("pulseaudio", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", "-n"),
            *("-L", f"module-null-sink sink_name={_SINK}"),
            *("-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"),
        ]
        await self._start("pulseaudio", ChildProcess(arguments, name="pulseaudio", env=self._environment))
        await self._until("pulseaudio", socket.exists)

    async def _start_browser(self) -> None:
        profile = self._directory / "profile"
        arguments: Sequence[str | Path] = [BINARY, *_CHROMIUM, *self._flags, f"--user-data-dir={profile}", self._url]
        await self._start("chromium", ChildProcess(arguments, name="chromium", env=self._environment))
        port_file = profile / "DevToolsActivePort"
        await self._until("chromium", lambda: port_file.exists() and "\n" in port_file.read_text())
        port = port_file.read_text().splitlines()[0]
        titles: list[str] = []

        async def playing() -> bool:
            async with httpx.AsyncClient() as client:
                pages = (await client.get(f"http://127.0.0.1:{port}/json/list")).json()
            titles[:] = [page["title"] for page in pages if page["type"] == "page"]
            if any(title.startswith("failed") for title in titles):
                raise BaselineFailed(f"the page cannot play: {titles}")
            return "playing" in titles

        try:
            await wait_until(playing, timeout_s=START_TIMEOUT_S, interval_s=0.2)
        except TimeoutError as error:
            raise BaselineFailed(f"the page does not play: {titles}") from error

    async def _start(self, name: str, child: ChildProcess) -> None:
        self._children[name] = await self._resources.enter_async_context(child)

    async def _until(self, name: str, condition: Callable[[], bool]) -> None:
        async def is_ready() -> bool:
            if self._children[name].returncode is not None:
                raise BaselineFailed(f"{name} ended with {self._children[name].returncode}")
            return condition()

        try:
            await wait_until(is_ready, timeout_s=START_TIMEOUT_S)
        except TimeoutError as error:
            raise BaselineFailed(f"{name} did not start") from error
