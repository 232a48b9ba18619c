"""A room of the videoroom plugin (https://janus.conf.meetecho.com/docs/videoroom.html): one live session."""

import re
import secrets
from pathlib import Path
from typing import TypeVar

import structlog

from reelkit.sfu.client import JanusClient
from reelkit.sfu.connection import Connection
from reelkit.sfu.errors import SfuError, SfuLost, WrongState
from reelkit.sfu.handle import JanusHandle
from reelkit.sfu.publisher import Publisher
from reelkit.sfu.subscriber import Subscriber
from reelkit.sfu.wire import JsonObject, Message

log = structlog.get_logger(__name__)

# More than any meeting has; Janus' own default of 3 would end most of them.
_PUBLISHERS_MAX = 10_000
# Room and feed ids become parts of file names, of which Janus keeps 255 bytes.
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")

_C = TypeVar("_C", bound=Connection)


class SfuRoom:
    """Publishers, subscribers and the recording switch of one session. Made by ``Sfu.create_room``."""

    def __init__(self, client: JanusClient, room_id: str, recording_dir: Path) -> None:
        self.room_id = _checked(room_id)
        self.recording_dir = recording_dir.absolute()
        self._client = client
        self._secret = secrets.token_urlsafe(24)
        self._control: JanusHandle | None = None
        self._connections: set[Connection] = set()
        self._destroyed = False

    async def create(self, admin_key: str, *, bitrate_max_bps: int, keyframe_interval_s: int) -> None:
        """Called by Sfu: makes the room in Janus and its recording directory."""
        try:
            self.recording_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SfuError(f"the recording directory cannot be made: {error}", room_id=self.room_id) from error
        self._control = await self._client.attach(self._receive)
        options: JsonObject = {
            "permanent": False,
            "is_private": True,
            "admin_key": admin_key,
            "publishers": _PUBLISHERS_MAX,
            "bitrate": bitrate_max_bps,
            "fir_freq": keyframe_interval_s,
            "audiocodec": "opus",
            "videocodec": "vp8,h264,vp9",
            "vp9_profile": "0",
            "opus_fec": True,
            "audiolevel_ext": True,
            "transport_wide_cc_ext": True,
            "notify_joining": False,
            "record": False,
            "rec_dir": str(self.recording_dir),
            "lock_record": True,
        }
        try:
            await self._ask({"request": "create", **options})
        except SfuError:
            await self._control.detach()
            raise

    async def publisher(self, feed: str, display: str) -> Publisher:
        """A new publisher with the unique id ``feed``; it joins with its first offer. Raises SfuLost, SfuTimeout."""
        return await self._attach(Publisher(self.room_id, _checked(feed), display))

    async def subscriber(self) -> Subscriber:
        """A new subscriber; it joins with its first streams. Raises SfuLost, SfuTimeout."""
        return await self._attach(Subscriber(self.room_id))

    async def set_recording(self, on: bool) -> None:
        """Switches recording of every present and later m-line; returns when Janus did it.

        On opens new files in ``recording_dir`` and asks every sender for a keyframe; off flushes and closes them.
        Switches are carried out in the order of the calls. Janus reports success even if a file cannot be opened:
        look whether files appear. Raises SfuLost, SfuTimeout (then switch again) and RequestRefused.
        """
        await self._ask({"request": "enable_recording", "record": on})

    async def destroy(self) -> None:
        """Ends the recording, every connection and the room; more than once does no harm, nor when Janus is lost.

        Files are closed first, and connections before the room, because Janus has raced with itself when a room goes
        away under its publishers. Raises SfuTimeout.
        """
        if self._destroyed:
            return
        try:
            await self.set_recording(False)
            self._destroyed = True
            for connection in tuple(self._connections):
                await connection.detach()
            await self._ask({"request": "destroy", "permanent": False})
        except SfuLost:
            log.debug("a room went with its Janus", room_id=self.room_id)
        finally:
            self._destroyed = True
            await self._handle.detach()

    @property
    def _handle(self) -> JanusHandle:
        if self._control is None:
            raise RuntimeError("the room was not created")
        return self._control

    async def _attach(self, connection: _C) -> _C:
        if self._destroyed:
            raise WrongState("the room is destroyed", room_id=self.room_id)
        await connection.attach(self._client, self._connections.discard)
        self._connections.add(connection)
        return connection

    async def _ask(self, body: JsonObject) -> None:
        await self._handle.message({**body, "room": self.room_id, "secret": self._secret})

    def _receive(self, message: Message) -> None:
        log.debug("event on a room's control handle", room_id=self.room_id, kind=message.janus)


def _checked(identifier: str) -> str:
    if _SAFE_ID.fullmatch(identifier) is None:
        raise ValueError(f"not usable as a room's or feed's id: {identifier!r}")
    return identifier
