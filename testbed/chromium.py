"""A real Chromium with the official browser SDK, whose camera and microphone play a participant of a timeline."""

import asyncio
import base64
import dataclasses
import hashlib
import json
import os
import shutil
import ssl
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psutil
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from reelkit.process import ChildProcess, wait_until
from testbed.playing import play
from testbed.signalling import ServerAddress
from testbed.timeline import FPS, LOOP_S, Participant, Timeline
from testbed.web_server import WebServer

log = structlog.get_logger(__name__)

_CODEC_SCRIPT = Path(__file__).resolve().parent / "web" / "codec.js"
BINARY = Path("/usr/bin/chromium")
START_TIMEOUT_S = 30.0
CALL_TIMEOUT_S = 45.0
"""The SDK gives ICE 30 s."""
QUIET_FLAGS = (
    "--no-sandbox",  # Chromium refuses to sandbox for root
    "--disable-gpu",
    "--no-first-run",
    # Nothing that Chromium does by itself may reach out.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-breakpad",
)
"""For any Chromium of tests and benches."""
FLAGS = (
    "--headless=new",
    *QUIET_FLAGS,
    # No person is there to click, and no device to be found.
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # All participants are pages of one browser, and only one page is in front.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # With the memory-backed /dev/shm of a container pages die for want of space.
    "--disable-dev-shm-usage",
    "--mute-audio",
)


class BrowserError(Exception):
    """The browser did not start, or something of it stayed behind."""


@dataclass(frozen=True)
class Shape:
    """The picture of a camera or a screen in the browser."""

    width: int = 640
    height: int = 360
    rate: int = FPS
    """Frames per second."""
    corners: int = 4
    """Of the turning ornament, for people to tell participants apart."""


@dataclass(frozen=True)
class VideoCoding:
    """How a browser is made to send video, other than the SDK would."""

    codec: Literal["VP8", "VP9", "H264", "AV1"]
    scalability: str | None = None
    """Layers of one stream, as in WebRTC's scalability modes: L2T2_KEY."""


SCREEN = Shape(width=1280, height=720, rate=10)


class Chromium:
    """One browser process; an async context manager that owns its process group and its profile.

    ``deadline_s`` after the start the browser is killed, whatever is going on. Raises BrowserError.
    """

    def __init__(self, address: ServerAddress, *, deadline_s: float = 180.0) -> None:
        self._address = address
        self._deadline_s = deadline_s
        self._profile = Path(tempfile.mkdtemp(prefix="reelkit-chromium-"))
        self._child: ChildProcess | None = None
        self._browser: Browser | None = None
        self._page_url = ""
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with self._resources:
            self._resources.callback(shutil.rmtree, self._profile, ignore_errors=True)
            self._resources.push_async_callback(self._nothing_left)
            self._page_url = self._resources.enter_context(WebServer()).url
            self._child = await self._resources.enter_async_context(await self._process())
            endpoint = await self._endpoint()
            playwright = await self._resources.enter_async_context(async_playwright())
            self._browser = await playwright.chromium.connect_over_cdp(endpoint)
            watchdog = asyncio.create_task(self._watch(self._child), name="chromium-deadline")
            self._resources.push_async_callback(_cancelled, watchdog)
            self._resources = self._resources.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._resources.aclose()

    @property
    def running(self) -> bool:
        """False before the start and once the browser has ended, whatever ended it."""
        return self._child is not None and self._child.returncode is None

    async def participant(
        self,
        token: str,
        person: Participant,
        *,
        zero_s: float,
        camera: Shape | None = None,
        video: VideoCoding | None = None,
    ) -> "ChromiumParticipant":
        """A page of its own for one participant of the timeline whose zero is the wall-clock time ``zero_s``."""
        assert self._browser is not None
        context = await self._browser.new_context()
        if video is not None:
            script = await asyncio.to_thread(_CODEC_SCRIPT.read_text)
            described = json.dumps(dataclasses.asdict(video))
            await context.add_init_script("{" + script.replace("__REELKIT_VIDEO__;", f"{described};") + "}")
        page = await context.new_page()
        participant = ChromiumParticipant(self._address, token, person, zero_s, camera or Shape(), context, page)
        await page.goto(self._page_url)
        await page.wait_for_function("() => Boolean(window.testbed && window.RealtimeKitClient)")
        return participant

    async def _process(self) -> ChildProcess:
        trust = await asyncio.to_thread(trusting, self._address)
        environment = {**os.environ, "HOME": str(self._profile), "XDG_CONFIG_HOME": str(self._profile)}
        return ChildProcess(
            [
                BINARY,
                *FLAGS,
                f"--user-data-dir={self._profile}",
                "--remote-debugging-port=0",
                *trust,
                "about:blank",
            ],
            name="chromium",
            env=environment,
            on_stderr=lambda line: log.debug("chromium", line=line),
        )

    async def _endpoint(self) -> str:
        """Chromium writes its debugging port and path into its profile."""
        port_file = self._profile / "DevToolsActivePort"

        async def written() -> bool:
            if self._child is not None and self._child.returncode is not None:
                raise BrowserError(f"chromium ended with {self._child.returncode}")
            return port_file.exists() and port_file.read_text().count("\n") >= 1

        try:
            await wait_until(written, timeout_s=START_TIMEOUT_S)
        except TimeoutError as error:
            raise BrowserError(f"chromium did not start within {START_TIMEOUT_S:.0f} s") from error
        port, path = port_file.read_text().splitlines()[:2]
        return f"ws://127.0.0.1:{port}{path}"

    async def _watch(self, child: ChildProcess) -> None:
        await asyncio.sleep(self._deadline_s)
        log.error("chromium exceeded its deadline and is killed", deadline_s=self._deadline_s)
        await child.stop()

    async def _nothing_left(self) -> None:
        profile = str(self._profile)

        async def gone() -> bool:
            return not any(profile in part for process in psutil.process_iter(["cmdline"]) for part in _argv(process))

        try:
            await wait_until(gone, timeout_s=5.0)
        except TimeoutError as error:
            raise BrowserError("processes of chromium are left") from error


class ChromiumParticipant:
    """One page with the SDK. What it and the SDK did is in ``events``, what it complains of in ``errors``."""

    def __init__(
        self,
        address: ServerAddress,
        token: str,
        person: Participant,
        zero_s: float,
        camera: Shape,
        context: BrowserContext,
        page: Page,
    ) -> None:
        self.person = person
        self.page = page
        self.errors: list[str] = []
        self._address, self._token, self._zero_s, self._camera = address, token, zero_s, camera
        self._context = context
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._hear)

    async def join(self) -> str:
        """Joins the meeting; returns the peer id."""
        signal = dataclasses.asdict(self.person.signal)
        setup = {
            "token": self._token,
            "base_uri": f"{self._address.base}:{self._address.tls_port}",
            "person": {
                "name": self.person.name,
                "colour": self.person.colour,
                "screen_colour": self.person.screen_colour,
                "tone_hz": self.person.tone_hz,
                "signal": signal,
            },
            "clock": {"zero_ms": self._zero_s * 1000, "loop_s": LOOP_S, "fps": FPS},
            "camera": dataclasses.asdict(self._camera),
            "screen": dataclasses.asdict(SCREEN),
        }
        return str(await self._call("join", setup))

    async def camera(self, *, on: bool) -> None:
        """Switches the camera."""
        await self._call("camera", on)

    async def microphone(self, *, on: bool) -> None:
        """Switches the microphone."""
        await self._call("microphone", on)

    async def share(self, *, on: bool) -> None:
        """Switches sharing the screen."""
        await self._call("share", on)

    async def start_recording(self) -> None:
        """As the participant's own button does."""
        await self._call("startRecording")

    async def pause_recording(self) -> None:
        """As the participant's own button does."""
        await self._call("pauseRecording")

    async def resume_recording(self) -> None:
        """As the participant's own button does."""
        await self._call("resumeRecording")

    async def stop_recording(self) -> None:
        """As the participant's own button does."""
        await self._call("stopRecording")

    async def broadcast(self, message_type: str, payload: dict[str, object]) -> None:
        """``participants.broadcastMessage``."""
        await self._call("broadcast", message_type, payload)

    async def chat(self, text: str) -> None:
        """Sends a chat message to everybody."""
        await self._call("chat", text)

    async def leave(self) -> None:
        """Leaves the meeting; the page stays."""
        await self._call("leave")

    async def close(self) -> None:
        """Closes the page, as a user does who closes the tab."""
        await self._context.close()

    async def state(self) -> dict[str, object]:
        """What the SDK believes: joined, audio, video, screen, recording, participants."""
        state: dict[str, object] = await self._call("state")  # type: ignore[assignment]
        return state

    async def events(self) -> list[dict[str, object]]:
        """What happened: ``{at_ms, what, detail}``, oldest first."""
        events: list[dict[str, object]] = await self._call("events")  # type: ignore[assignment]
        return events

    async def run(self, timeline: Timeline) -> None:
        """Does what the timeline declares for this participant, each thing at its time, and leaves."""
        await play(self, timeline, self._zero_s)

    async def _call(self, function: str, *arguments: object) -> object:
        script = f"arguments => testbed.{function}(...arguments)"
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await self.page.evaluate(script, list(arguments))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


def trusting(address: ServerAddress) -> tuple[str, str]:
    """Chromium's flags for reaching a server under its names and for trusting its certificate. Blocks."""
    pin = _public_key_pin(address)
    return (
        f"--ignore-certificate-errors-spki-list={pin}",
        f"--host-resolver-rules=MAP *.{address.base} {address.host}",
    )


def _public_key_pin(address: ServerAddress) -> str:
    """The hash by which Chromium is told to trust the server's key, whoever signed its certificate."""
    pem = ssl.get_server_certificate((address.host, address.tls_port), ca_certs=str(address.authority))
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return base64.b64encode(digest).decode()


def _argv(process: psutil.Process) -> list[str]:
    argv: list[str] | None = process.info["cmdline"]
    return argv or []


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
