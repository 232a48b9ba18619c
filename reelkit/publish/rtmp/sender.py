"""Sends a film to an RTMP server while it is made, from a thread of its own.

The renderer only hands packets over. Whatever the server does, the film does not notice: a connection that fails is
made anew, with growing patience, for as long as the recording goes on.
"""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from reelkit.clock import Clock
from reelkit.egress.connect import connect
from reelkit.egress.errors import EgressError
from reelkit.egress.guard import EgressGuard
from reelkit.publish.rtmp import flv
from reelkit.publish.rtmp.errors import ConnectionEnded, RtmpError
from reelkit.publish.rtmp.filler import Filler
from reelkit.publish.rtmp.gop_queue import GopQueue
from reelkit.publish.rtmp.handshake import shake_hands
from reelkit.publish.rtmp.programme import Programme
from reelkit.publish.rtmp.session import Session
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.rtmp.status import StreamState, StreamStatus
from reelkit.publish.rtmp.url import RtmpUrl
from reelkit.render.config import RenderConfig
from reelkit.render.tap import Encoded

log = structlog.get_logger(__name__)

_LOOK_S = 0.5
"""How often it is seen to that a stream whose renderer is behind goes on."""
_STEADY_S = 10.0
"""A connection that lasts so long has worked: the next failure is the first one again."""
_START_S = 2.0
_CLOSE_S = 1.0
"""For a server to take the end of the stream."""
_FAILURES = (RtmpError, EgressError, OSError, TimeoutError)


class StreamSender:
    """The stream of one film; a :class:`reelkit.render.tap.Tap`. Start it with :meth:`start`, end it with
    :meth:`finish` and :meth:`close`."""

    def __init__(self, spec: StreamSpec, config: RenderConfig, clock: Clock) -> None:
        """Raises BadRtmpUrl."""
        self._url = RtmpUrl.parse(spec.url.get_secret_value())
        self._settings = spec.rtmp
        self._guard = EgressGuard(spec.egress)
        self._config = config
        self._clock = clock
        self._queue = GopQueue(spec.rtmp.queue_s, spec.rtmp.queue_max_bytes)
        self._session: Session | None = None
        self._sent_bytes = 0
        """Over earlier connections."""
        self._connections = 0
        """That the server took the stream over."""
        self._state: tuple[StreamState, float, str | None] = (StreamState.CONNECTING, clock.time_s(), None)
        """With the time since when, and what went wrong last."""
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="rtmp", daemon=True)

    @property
    def status(self) -> StreamStatus:
        """How it does; may be asked for in any thread."""
        state, since_s, error = self._state
        session = self._session
        return StreamStatus(
            state=state,
            target=self._url.target,
            since_s=since_s,
            dropped_gops=self._queue.dropped_gops,
            reconnects=max(0, self._connections - 1),
            sent_bytes=self._sent_bytes + (session.sent_bytes if session is not None else 0),
            error=error,
        )

    def start(self) -> None:
        """Begins to connect, in the background."""
        self._thread.start()
        # The thread is ready within a tenth of a second, or never, and then the film goes on without its stream.
        with suppress(TimeoutError):
            self._ready.result(timeout=_START_S)

    def take(self, packets: Sequence[Encoded]) -> None:
        """The next packets of the film."""
        self._call(self._taken, tuple(packets))

    def idle(self, until_s: float) -> None:
        """Nothing is recorded up to ``until_s``."""
        self._call(self._filled, until_s)

    def finish(self) -> None:
        """Nothing follows: what waits is sent and the stream is ended, in the background."""
        self._call(self._finished)

    def close(self) -> None:
        """Waits for that as long as the settings allow; then the connection is given up."""
        if self._thread.is_alive():
            self.finish()
            self._thread.join(self._settings.end_timeout_s)
            self._call(self._give_up)
            self._thread.join(_CLOSE_S)
        self._tell(StreamState.ENDED, self._state[2])

    def _call(self, method: Callable[..., None], *arguments: object) -> None:
        """Runs something in the sender's thread, if that is still there."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(method, *arguments)

    # From here on everything runs in the sender's thread.

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._main())
        except asyncio.CancelledError:
            log.warning("the stream was given up", **self._figures())
        except Exception:  # the top of a thread: the film goes on without its stream
            log.exception("the stream ended with an error that was not expected")
            self._tell(StreamState.ENDED, "an internal error")
        finally:
            self._loop = None

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._more, self._over = asyncio.Event(), asyncio.Event()
        self._programme = Programme(self._config, Filler(self._config.video, self._config.audio), self._put)
        loop.set_exception_handler(self._broken)
        self._loop = loop
        self._ready.set_result(None)
        log.info("a stream begins", target=self._url.target)
        looking = asyncio.create_task(self._look(), name="rtmp-look")
        try:
            await self._stream()
        finally:
            looking.cancel()
            await asyncio.wait({looking})
        self._tell(StreamState.ENDED, self._state[2])
        log.info("a stream has ended", **self._figures())

    def _broken(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A defect of what is called from the other thread."""
        log.error("the stream cannot go on", reason=context.get("message"), exc_info=context.get("exception"))
        self._tell(StreamState.ENDED, "an internal error")
        self._give_up()

    def _give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _put(self, tag: flv.Tag) -> None:
        self._queue.put(tag)
        self._more.set()

    def _taken(self, packets: tuple[Encoded, ...]) -> None:
        latest_s = self._latest_s()
        for packet in packets:
            if packet.wall_s < latest_s:
                # What comes so late is not live any more.
                self._programme.fill(latest_s)
            self._programme.take(packet)

    def _filled(self, until_s: float) -> None:
        self._programme.fill(until_s)

    def _finished(self) -> None:
        if not self._over.is_set():
            self._programme.flush()
            self._over.set()
            self._more.set()

    async def _look(self) -> None:
        """Keeps the stream going while its renderer is far behind."""
        while True:
            reached_s, latest_s = self._programme.reaches_s, self._latest_s()
            if reached_s is not None and reached_s < latest_s:
                self._programme.fill(latest_s)
            await self._clock.sleep(_LOOK_S)

    def _latest_s(self) -> float:
        return self._clock.time_s() - self._settings.max_behind_s

    async def _stream(self) -> None:
        """Connects again and again until the recording is over."""
        failures = 0
        while not self._over.is_set():
            connections, began_s = self._connections, self._clock.monotonic_s()
            try:
                await self._publish()
            except _FAILURES as error:
                steady = self._connections > connections and self._clock.monotonic_s() - began_s >= _STEADY_S
                failures = 1 if steady else failures + 1
                reason = _reason(error)
                log.warning("a stream was interrupted", reason=reason, failures=failures, **self._figures())
                self._tell(StreamState.RETRYING, reason)
                await self._wait(failures)

    async def _publish(self) -> None:
        """One connection, from beginning to end."""
        settings = self._settings
        async with _limit(settings.connect_timeout_s):
            reader, writer = await connect(self._guard, self._url.host, self._url.port, tls=self._url.tls)
        session = None
        try:
            async with _limit(settings.connect_timeout_s):
                await shake_hands(reader, writer)
                session = Session(reader, writer, self._url, settings.stall_timeout_s)
                await session.open(flv.metadata(self._config.video, self._config.audio))
            self._live(session)
            await self._send(session)
            async with asyncio.timeout(_CLOSE_S):
                await session.close()
        finally:
            self._session = None
            if session is not None:
                self._sent_bytes += session.sent_bytes
                await session.abandon()
            writer.transport.abort()

    def _live(self, session: Session) -> None:
        self._session = session
        self._connections += 1
        self._queue.restart()
        self._tell(StreamState.LIVE, None)
        log.info("a stream is live", **self._figures())

    async def _send(self, session: Session) -> None:
        """Sends until the recording is over and everything is sent. Raises what ended the connection."""
        while True:
            self._more.clear()
            while (tag := self._queue.get()) is not None:
                await session.send(tag)
            if self._over.is_set():
                return
            await session.unless_ended(asyncio.ensure_future(self._more.wait()))

    async def _wait(self, failures: int) -> None:
        """Between two attempts; ends early with the recording."""
        longest_s = min(self._settings.retry_max_s, self._settings.retry_first_s * 2 ** min(failures - 1, 16))
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s * random.uniform(0.5, 1.0)):  # noqa: S311 - no secret
                await self._over.wait()

    def _tell(self, state: StreamState, error: str | None) -> None:
        if self._state[0] is not StreamState.ENDED:
            self._state = (state, self._clock.time_s(), error)

    def _figures(self) -> dict[str, Any]:
        return self.status.model_dump(include={"target", "reconnects", "dropped_gops", "sent_bytes"})


@asynccontextmanager
async def _limit(timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise ConnectionEnded(f"the server did not answer within {timeout_s:g} s") from error


def _reason(error: BaseException) -> str:
    """What went wrong, for the caller: texts of the operating system's errors name no more than the error."""
    if isinstance(error, RtmpError | EgressError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return f"the connection failed: {error.strerror}"
    return "the connection failed"
