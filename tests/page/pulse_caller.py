"""A client that says anything, also what no real one would."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from reelkit.page.pulse_frames import FrameSplitter, packet_frame
from reelkit.page.pulse_protocol import NO_INDEX, VOLUME_NORMAL, Command, Refusal
from reelkit.page.sample_spec import SampleFormat, SampleSpec
from reelkit.page.tagged_values import TagReader, TagWriter
from tests.page.test_pulse_frames import header

STEREO = SampleSpec(SampleFormat.FLOAT32LE, 2, 48_000)
_READ_BYTES = 1 << 16


class PulseCaller:
    """Sends commands and reads what comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = FrameSplitter()
        self._packets: list[TagReader] = []
        self._tag = 0
        self.requested_bytes = 0
        """In all, since a stream was made."""
        self.news: list[Command] = []
        """What came without having been asked for, except for requests."""

    async def ask(self, command: int, values: Callable[[TagWriter], object] = lambda _: None) -> TagReader | Refusal:
        """The answer; ``values`` writes what stands in the command."""
        tag = await self.say(command, values)
        while True:
            packet = await self._packet()
            kind, number = packet.number(), packet.number()
            if number == tag:
                return Refusal(packet.number()) if kind == Command.ERROR else packet
            assert number == NO_INDEX
            self._hear(Command(kind), packet)

    async def say(self, command: int, values: Callable[[TagWriter], object] = lambda _: None) -> int:
        """Does not wait for the answer, whose number is returned."""
        self._tag += 1
        writer = TagWriter().numbers(command, self._tag)
        values(writer)
        self.send(packet_frame(writer.packet))
        return self._tag

    async def enter(self) -> None:
        """Becomes known."""
        answer = await self.ask(Command.AUTH, lambda said: said.numbers(0xC000_0023))
        assert isinstance(answer, TagReader)
        assert answer.number() == 13
        assert isinstance(await self.ask(Command.SET_CLIENT_NAME, TagWriter.no_properties), TagReader)

    async def open(
        self,
        spec: SampleSpec = STEREO,
        *,
        positions: tuple[int, ...] = (1, 2),
        device: str | None = None,
        volumes: tuple[int, ...] = (VOLUME_NORMAL, VOLUME_NORMAL),
        muted: bool = False,
    ) -> int | Refusal:
        """A new stream, which is not corked."""

        def values(said: TagWriter) -> None:
            said.sample_spec(spec).positions(positions).numbers(NO_INDEX).text(device).numbers(NO_INDEX).flag(False)
            said.numbers(NO_INDEX, NO_INDEX, NO_INDEX, 0).volumes(volumes)
            for _ in range(7):
                said.flag(False)
            said.flag(muted).flag(True).no_properties()

        answer = await self.ask(Command.CREATE_PLAYBACK_STREAM, values)
        if isinstance(answer, Refusal):
            return answer
        index, _, self.requested_bytes = answer.number(), answer.number(), answer.number()
        return index

    def play(self, index: int, data: bytes) -> None:
        self.send(header(len(data), index) + data)

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def told(self, news: Command) -> None:
        """Waits until it comes."""
        while news not in self.news:
            packet = await self._packet()
            kind, tag = packet.number(), packet.number()
            if tag == NO_INDEX:
                self._hear(Command(kind), packet)

    async def cut_off(self) -> None:
        """Waits until the other side has ended the connection."""
        try:
            while await self._reader.read(_READ_BYTES):
                pass
        except ConnectionError:
            return

    def vanish(self) -> None:
        self._writer.transport.abort()

    async def _packet(self) -> TagReader:
        while not self._packets:
            data = await self._reader.read(_READ_BYTES)
            if not data:
                raise EOFError
            self._packets += [TagReader(content) for _, content in self._frames.feed(data)]
        return self._packets.pop(0)

    def _hear(self, news: Command, packet: TagReader) -> None:
        if news == Command.REQUEST:
            packet.number()
            self.requested_bytes += packet.number()
        else:
            self.news.append(news)


@asynccontextmanager
async def pulse_caller(socket_path: Path, *, known: bool = True) -> AsyncIterator[PulseCaller]:
    reader, writer = await asyncio.open_unix_connection(str(socket_path))
    caller = PulseCaller(reader, writer)
    try:
        if known:
            await caller.enter()
        yield caller
    finally:
        writer.transport.abort()
