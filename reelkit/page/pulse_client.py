"""One connection of a client that believes to talk to PulseAudio."""

import asyncio
from itertools import count
from typing import Protocol, cast

import structlog

from reelkit.clock import Clock
from reelkit.page.errors import MalformedMessage
from reelkit.page.pulse_devices import SINK_INDEX, SINK_NAMES, put_server_info, put_sink_info
from reelkit.page.pulse_frames import FrameSplitter, packet_frame
from reelkit.page.pulse_protocol import NO_INDEX, VERSION, VERSION_MASK, Command, Refusal
from reelkit.page.pulse_streams import Answer, Handler, PulseStreams
from reelkit.page.sound_mixer import SoundMixer
from reelkit.page.tagged_values import TagReader, TagWriter

log = structlog.get_logger(__name__)

_READ_BYTES = 1 << 16
_MOST_UNREAD_BYTES = 1 << 18
"""Only a client that reads nothing leaves as much."""
_INDEXES = count()


class PulseClients(Protocol):
    """Who keeps them. ``add`` may abort one at once."""

    def add(self, client: "PulseClient") -> None: ...

    def discard(self, client: "PulseClient") -> None: ...


class PulseClient(asyncio.BufferedProtocol):
    """Answers commands and takes sound. Who may connect is up to the socket: any cookie is right.

    ``clients`` is told when it is there and when it is gone.
    """

    def __init__(self, mixer: SoundMixer, clock: Clock, clients: "PulseClients") -> None:
        self._mixer = mixer
        self._clients = clients
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection has ended."""
        self._transport: asyncio.Transport | None = None
        self._frames = FrameSplitter()
        self._room = memoryview(bytearray(_READ_BYTES))
        """Where the loop puts what comes; new memory for each piece would cost more than all the rest."""
        self._streams = PulseStreams(mixer, clock, self._send)
        self._known = False
        """It has said which version it speaks."""
        self._handlers: dict[int, Handler] = {
            Command.AUTH: self._authorise,
            Command.SET_CLIENT_NAME: self._tell_index,
            Command.GET_SERVER_INFO: self._tell_server,
            Command.GET_SINK_INFO: self._tell_sink,
            Command.GET_SINK_INFO_LIST: self._tell_only_sink,
            Command.GET_SOURCE_INFO: self._tell_no_source,
            **self._streams.handlers,
        }
        for command in (
            Command.GET_SOURCE_INFO_LIST,
            Command.SUBSCRIBE,
            Command.UPDATE_PLAYBACK_STREAM_PROPLIST,
            Command.UPDATE_CLIENT_PROPLIST,
            Command.REMOVE_PLAYBACK_STREAM_PROPLIST,
            Command.REMOVE_CLIENT_PROPLIST,
        ):
            self._handlers[command] = _agree

    def ask(self, now: int) -> None:
        """Asks for more sound where it is needed."""
        self._streams.ask(now)

    def abort(self) -> None:
        """Cuts the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._clients.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's wish
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        data = self._room[:nbytes]
        # What follows is about this moment: no block before it may be open.
        self._mixer.advance()
        try:
            for channel, content in self._frames.feed(data):
                if channel != NO_INDEX:
                    self._streams.write(channel, content)
                else:
                    self._obey(content)
        except MalformedMessage as error:
            log.warning("a client of the loudspeaker sends nonsense and is cut off", reason=str(error))
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            log.debug("the connection of a client of the loudspeaker broke", error=str(exc))
        self._streams.close()
        self._clients.discard(self)
        if not self.gone.done():
            self.gone.set_result(None)

    def _obey(self, packet: bytes) -> None:
        request = TagReader(packet)
        command, tag = request.number(), request.number()
        handler = self._handlers.get(command)
        answer: Answer
        if handler is None:
            log.debug("a client of the loudspeaker wants what it cannot do", command=command)
            answer = Refusal.NOT_SUPPORTED
        elif not self._known and command != Command.AUTH:
            answer = Refusal.ACCESS
        else:
            answer = handler(request, TagWriter().numbers(Command.REPLY, tag))
        if isinstance(answer, Refusal):
            answer = TagWriter().numbers(Command.ERROR, tag, answer)
        if answer is not None:
            self._send(answer)

    def _send(self, message: TagWriter) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(packet_frame(message.packet))
        if self._transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
            log.warning("a client of the loudspeaker does not listen and is cut off")
            self.abort()

    def _authorise(self, request: TagReader, reply: TagWriter) -> Answer:
        if request.number() & VERSION_MASK < VERSION:
            return Refusal.VERSION
        self._known = True
        return reply.numbers(VERSION)

    def _tell_index(self, _: TagReader, reply: TagWriter) -> Answer:
        return reply.numbers(next(_INDEXES))

    def _tell_server(self, _: TagReader, reply: TagWriter) -> Answer:
        return put_server_info(reply)

    def _tell_sink(self, request: TagReader, reply: TagWriter) -> Answer:
        index, name = request.number(), request.text()
        if index not in {SINK_INDEX, NO_INDEX} or name not in SINK_NAMES:
            return Refusal.NO_ENTITY
        return put_sink_info(reply)

    def _tell_only_sink(self, _: TagReader, reply: TagWriter) -> Answer:
        return put_sink_info(reply)

    def _tell_no_source(self, _: TagReader, __: TagWriter) -> Answer:
        return Refusal.NO_ENTITY


def _agree(_: TagReader, reply: TagWriter) -> Answer:
    """To what changes nothing, or to a list of nothing."""
    return reply
