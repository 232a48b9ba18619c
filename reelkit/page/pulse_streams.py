"""The streams of one client, and the commands for them."""

from collections.abc import Callable
from itertools import count

from reelkit.clock import Clock
from reelkit.page.playback import Playback
from reelkit.page.pulse_devices import SINK_INDEX, SINK_NAME, SINK_NAMES
from reelkit.page.pulse_protocol import NO_INDEX, Command, Refusal
from reelkit.page.sound_block import SAMPLE_RATE_HZ
from reelkit.page.sound_mixer import SoundMixer
from reelkit.page.tagged_values import TagReader, TagWriter

MOST_STREAMS = 64
"""Of all clients together. Chromium opens at most 50."""
_MOST_QUESTION_AGE_S = 1.0
"""An older question was asked by another clock."""
_MICROSECONDS = 1_000_000
_OTHER_FLAGS = 7
"""Of a new stream: about remixing, moving and other devices."""

Answer = TagWriter | Refusal | None
"""None: later."""
Handler = Callable[[TagReader, TagWriter], Answer]
SendFunction = Callable[[TagWriter], None]


class PulseStreams:
    """Makes and keeps them. Each handler takes what stands in a command, and the answer as far as it is written."""

    def __init__(self, mixer: SoundMixer, clock: Clock, send: SendFunction) -> None:
        self._mixer = mixer
        self._clock = clock
        self._send = send
        self._streams: dict[int, Playback] = {}
        self._indexes = count()
        self._drains: dict[int, TagWriter] = {}
        """The answers that are due when everything has been heard."""
        self.handlers: dict[int, Handler] = {
            Command.CREATE_PLAYBACK_STREAM: self._create,
            Command.DELETE_PLAYBACK_STREAM: self._delete,
            Command.DRAIN_PLAYBACK_STREAM: self._drain,
            Command.GET_PLAYBACK_LATENCY: self._tell_latency,
            Command.SET_SINK_INPUT_VOLUME: self._set_volume,
            Command.SET_SINK_INPUT_MUTE: self._set_mute,
            Command.CORK_PLAYBACK_STREAM: self._cork,
            Command.FLUSH_PLAYBACK_STREAM: self._apply(Playback.flush),
            Command.TRIGGER_PLAYBACK_STREAM: self._apply(Playback.drain),
            Command.PREBUF_PLAYBACK_STREAM: self._apply(Playback.rebuffer),
            Command.SET_PLAYBACK_STREAM_BUFFER_ATTR: self._tell_sizes,
        }

    def write(self, index: int, data: bytes) -> None:
        """Takes sound for a stream, which may be gone."""
        if (stream := self._streams.get(index)) is not None:
            stream.write(data, self._mixer.now())

    def ask(self, now: int) -> None:
        """Asks for what is needed next, and tells which streams have been heard to their end."""
        for index, stream in self._streams.items():
            if requested_bytes := stream.request_bytes(now):
                self._send(TagWriter().numbers(Command.REQUEST, NO_INDEX, index, requested_bytes))
            if index in self._drains and stream.drained(now):
                self._send(self._drains.pop(index))

    def close(self) -> None:
        """Removes all of them."""
        for stream in self._streams.values():
            self._mixer.remove(stream)
        self._streams.clear()
        self._drains.clear()

    def _create(self, request: TagReader, reply: TagWriter) -> Answer:
        """Of the wishes about its buffer only how much there must be before it starts is heeded."""
        spec, positions = request.sample_spec(), request.positions()
        device, device_name = request.number(), request.text()
        _most, corked, _target, begin_bytes = request.number(), request.flag(), request.number(), request.number()
        _least_request, _group, volumes = request.number(), request.number(), request.volumes()
        *_other_flags, muted = [request.flag() for _ in range(_OTHER_FLAGS + 1)]
        if not spec.possible or not len(positions) == len(volumes) == spec.channels:
            return Refusal.INVALID
        if not spec.understood:
            return Refusal.NOT_SUPPORTED
        if device not in {SINK_INDEX, NO_INDEX} or device_name not in SINK_NAMES:
            return Refusal.NO_ENTITY
        if self._mixer.streams >= MOST_STREAMS:
            return Refusal.TOO_LARGE
        index = next(self._indexes)
        stream = Playback(
            spec,
            positions,
            begin_bytes,
            corked=corked,
            mix=self._mixer.mix,
            tell=lambda news: self._send(TagWriter().numbers(news, NO_INDEX, index)),
        )
        stream.set_volumes(volumes)
        stream.mute(muted)
        self._mixer.add(stream)
        self._streams[index] = stream
        reply.numbers(index, index, stream.request_bytes(self._mixer.now()))
        return (
            _put_sizes(reply, stream)
            .sample_spec(spec)
            .positions(positions)
            .numbers(SINK_INDEX)
            .text(SINK_NAME)
            .flag(False)
            .duration(0.0)
        )

    def _delete(self, request: TagReader, reply: TagWriter) -> Answer:
        index = request.number()
        if (stream := self._streams.pop(index, None)) is None:
            return Refusal.NO_ENTITY
        self._drains.pop(index, None)
        self._mixer.remove(stream)
        return reply

    def _drain(self, request: TagReader, reply: TagWriter) -> Answer:
        index = request.number()
        if (stream := self._streams.get(index)) is None:
            return Refusal.NO_ENTITY
        stream.drain(self._mixer.now())
        self._drains[index] = reply
        return None

    def _tell_latency(self, request: TagReader, reply: TagWriter) -> Answer:
        """The answer is about the moment of the question, to which libpulse relates it, and not about this one: the
        event loop may have been busy in between."""
        stream = self._streams.get(request.number())
        seconds, microseconds = request.time()
        if stream is None:
            return Refusal.NO_ENTITY
        time_s = self._clock.time_s()
        age_s = time_s - seconds - microseconds / _MICROSECONDS
        if not 0 <= age_s <= _MOST_QUESTION_AGE_S:
            age_s = 0.0
        written_bytes, heard_bytes = stream.indexes(self._mixer.now() - round(age_s * SAMPLE_RATE_HZ))
        return (
            reply.duration(0.0)
            .duration(0.0)
            .flag(stream.running)
            .time(seconds, microseconds)
            .time(*divmod(int(time_s * _MICROSECONDS), _MICROSECONDS))
            .positions_in_stream(written_bytes, heard_bytes)
            .counts(0, 0)
        )

    def _set_volume(self, request: TagReader, reply: TagWriter) -> Answer:
        stream, volumes = self._streams.get(request.number()), request.volumes()
        if stream is None:
            return Refusal.NO_ENTITY
        if len(volumes) not in {1, stream.spec.channels}:
            return Refusal.INVALID
        stream.set_volumes(volumes * stream.spec.channels if len(volumes) == 1 else volumes)
        return reply

    def _set_mute(self, request: TagReader, reply: TagWriter) -> Answer:
        if (stream := self._streams.get(request.number())) is None:
            return Refusal.NO_ENTITY
        stream.mute(request.flag())
        return reply

    def _cork(self, request: TagReader, reply: TagWriter) -> Answer:
        if (stream := self._streams.get(request.number())) is None:
            return Refusal.NO_ENTITY
        change = stream.cork if request.flag() else stream.uncork
        change(self._mixer.now())
        return reply

    def _tell_sizes(self, request: TagReader, reply: TagWriter) -> Answer:
        """Buffers stay as they are, whatever the client would like."""
        if (stream := self._streams.get(request.number())) is None:
            return Refusal.NO_ENTITY
        return _put_sizes(reply, stream).duration(0.0)

    def _apply(self, change: Callable[[Playback, int], None]) -> Handler:
        def handler(request: TagReader, reply: TagWriter) -> Answer:
            if (stream := self._streams.get(request.number())) is None:
                return Refusal.NO_ENTITY
            change(stream, self._mixer.now())
            return reply

        return handler


def _put_sizes(reply: TagWriter, stream: Playback) -> TagWriter:
    sizes = stream.sizes
    return reply.numbers(sizes.most, sizes.target, sizes.begin, sizes.least_request)
