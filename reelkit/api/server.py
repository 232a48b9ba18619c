"""One process with everything: assembles the parts, serves until it is asked to stop, and takes them apart again."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import FastAPI
from prometheus_client import ProcessCollector
from starlette.types import Message, Scope

from reelkit.api.app import create_app
from reelkit.api.banner import Banner, sdk_base
from reelkit.api.data_dir import DataDir
from reelkit.api.errors import BadSetting, ServerError
from reelkit.api.listeners import Listener
from reelkit.api.metrics import Metrics
from reelkit.api.own_hosts import own_hosts
from reelkit.api.readiness import Readiness
from reelkit.api.state import AppState
from reelkit.api.stop_signal import StopSignal
from reelkit.api.tls import TlsFiles, tls_files
from reelkit.clock import Clock, SystemClock
from reelkit.collector import keep_what_there_is
from reelkit.control.links import HostedLinks
from reelkit.control.plane import Boot, ControlPlane
from reelkit.control.ports import Bucket
from reelkit.control.vault import BadKey
from reelkit.db import Database
from reelkit.fleet.local import LocalFleet
from reelkit.publish.bucket import BucketLinks
from reelkit.publish.bucket_open import open_bucket
from reelkit.publish.errors import PublishError
from reelkit.publish.storage.errors import StorageRefused
from reelkit.rooms.gateway import Gateway
from reelkit.settings import Settings
from reelkit.sfu import Sfu

log = structlog.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Runs a whole server until SIGTERM or SIGINT.

    Raises AlreadyRunning when another server holds the data directory; BadSetting, CannotListen, DatabaseError,
    SfuError and OSError when a part cannot start; ServerError when a listener fails later.
    """
    data = DataDir(settings.data)
    settings = settings.model_copy(update={"data": data.root})
    clock = SystemClock()
    stop = StopSignal()
    async with AsyncExitStack() as stack:
        stack.enter_context(data.held())
        stack.enter_context(stop.handled())
        data.withdraw_listening()
        tls = tls_files(settings, data.secrets, clock)
        listeners = _Listeners(
            Listener(settings.host, settings.port), Listener(settings.host, settings.tls_port, tls=tls.context())
        )
        stack.push_async_callback(listeners.close)
        state, boot = await stack.enter_async_context(_parts(settings, data, clock, listeners, tls))
        stack.callback(data.withdraw_listening)
        stack.callback(_stop_accepting, state.readiness, listeners)
        app = create_app(state)
        await _warm_up(app)
        keep_what_there_is()
        ended = await listeners.start(app, settings)
        _tell(settings, data, listeners, tls, boot)
        asked = asyncio.create_task(stop.wait(), name="stop-signal")
        await asyncio.wait({asked, *ended}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            asked.cancel()
            raise ServerError("a listener ended by itself; the log tells why")
        log.info("stopping: recordings are finished or handed over")
    log.info("stopped")


@dataclass(frozen=True, slots=True)
class _Listeners:
    http: Listener
    https: Listener

    async def start(self, app: FastAPI, settings: Settings) -> set[asyncio.Task[None]]:
        limit_bytes = settings.rooms.max_message_bytes
        return {await each.start(app, max_message_bytes=limit_bytes) for each in (self.https, self.http)}

    def stop_accepting(self) -> None:
        self.http.stop_accepting()
        self.https.stop_accepting()

    async def close(self) -> None:
        await asyncio.gather(self.http.close(), self.https.close())


@asynccontextmanager
async def _parts(
    settings: Settings, data: DataDir, clock: Clock, listeners: _Listeners, tls: TlsFiles
) -> AsyncIterator[tuple[AppState, Boot]]:
    """Everything behind the application. It ends in the order: recordings, rooms, connections, workers, Janus."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url) if settings.database_url else Database.at(data.database)
        stack.push_async_callback(database.close)
        await database.open()
        sfu = Sfu(settings.sfu, data.janus, clock)
        fleet = LocalFleet(settings.render, clock)
        bucket = await _bucket(settings, data, clock)
        stack.push_async_callback(bucket.close)
        bucket_links = BucketLinks(data.secret("bucket.key"), clock)
        public_url = (settings.public_url or listeners.http.url).rstrip("/")
        metrics = Metrics()
        try:
            control = ControlPlane(
                settings=settings,
                database=database,
                clock=clock,
                fleet=fleet,
                bucket=bucket,
                links=HostedLinks(bucket, bucket_links, clock, public_url, direct=settings.bucket.links == "presigned"),
                sfu=sfu,
                signing_key=data.secret("participants.key"),
                registry=metrics.registry,
            )
        except BadKey as error:
            raise BadSetting(f"vault_keys: {error}") from error
        try:
            boot = await control.open()
        except ValueError as error:
            raise BadSetting(f"REELKIT_API_TOKEN: {error}") from error
        await stack.enter_async_context(sfu)
        stack.push_async_callback(fleet.close)
        stack.push_async_callback(listeners.close)
        gateway = Gateway(sfu, settings, clock, data.captures, control.observer)
        stack.push_async_callback(gateway.close)
        control.bind(gateway, own_hosts(settings, listeners.http, listeners.https, tls))
        stack.push_async_callback(control.close, settings.recording.shutdown_timeout_s)
        # Made at the first start: receivers may ask for it at once, and nothing waits for it later.
        await control.webhooks.public_key()
        await control.recover()
        readiness = Readiness(sfu, database, data.root, settings.recording.min_free_bytes)
        ProcessCollector(registry=metrics.registry)
        metrics.gauge("reelkit_sfu_up", "Whether Janus answers.", lambda: float(sfu.healthy))
        metrics.gauge("reelkit_sfu_generation", "Starts of Janus.", lambda: float(sfu.generation))
        metrics.gauge("reelkit_sessions", "Live sessions of meetings.", lambda: float(len(gateway.rooms())))
        metrics.gauge("reelkit_disk_free_bytes", "Free on the data directory's disk.", lambda: readiness.free_bytes)
        yield (
            AppState(
                settings=settings,
                clock=clock,
                control=control,
                gateway=gateway,
                bucket=bucket,
                bucket_links=bucket_links,
                readiness=readiness,
                metrics=metrics,
                public_url=public_url,
            ),
            boot,
        )


async def _bucket(settings: Settings, data: DataDir, clock: Clock) -> Bucket:
    """The hosted bucket. Raises BadSetting if it is elsewhere and refuses to be written to."""
    bucket = open_bucket(settings, data.bucket, clock)
    try:
        async with asyncio.timeout(settings.storage.check_timeout_s):
            await bucket.check()
    except StorageRefused as error:
        await bucket.close()
        raise BadSetting(f"bucket: {error.message}") from error
    except (PublishError, TimeoutError) as error:
        # It may be back before the first film is finished, which waits for it.
        log.warning("the hosted bucket does not answer", reason=str(error) or "it took too long")
    return bucket


async def _warm_up(app: FastAPI) -> None:
    """Asks the application once, because FastAPI builds its routes on the first request, which takes a while."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/readyz",
        "raw_path": b"/readyz",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": None,
        "server": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None:
        return

    await app(scope, receive, send)


def _stop_accepting(readiness: Readiness, listeners: _Listeners) -> None:
    readiness.stopping = True
    listeners.stop_accepting()


def _tell(settings: Settings, data: DataDir, listeners: _Listeners, tls: TlsFiles, boot: Boot) -> None:
    http, https = listeners.http, listeners.https
    base = sdk_base(settings.base_domain, https.port)
    log.info("listening", http=http.url, https=https.url, pid=os.getpid())
    print(
        Banner(http.url, https.url, base, boot.app, data.root, tls.authority, boot.new_operator_token).text(),
        flush=True,
    )
    # Last, because tools take it as the sign that the server can be used.
    data.publish_listening(
        {
            "pid": os.getpid(),
            "http": http.url,
            "https": https.url,
            "http_port": http.port,
            "tls_port": https.port,
            "sdk_base_uri": base,
            "account_id": boot.app.account_id,
            "app_id": boot.app.id,
            "ca": str(tls.authority) if tls.authority else None,
        }
    )
