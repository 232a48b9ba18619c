"""An SFU without Janus: it answers offers as Janus does and remembers what it was asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from reelkit.rooms.sdp import Description, Section
from reelkit.sfu import (
    Connected,
    ConnectionEvent,
    FeedNotReady,
    Offer,
    Publisher,
    Sfu,
    SfuError,
    SfuLost,
    SfuRoom,
    StreamRef,
    SubscribedStream,
    Subscriber,
)
from reelkit.sfu.supervisor import LostCallback, RestoredCallback

_TRANSPORT = (
    "a=ice-ufrag:JanU",
    "a=ice-pwd:january-january-january",
    "a=fingerprint:sha-256 AA:BB",
    "a=setup:{setup}",
    "a=candidate:1 1 udp 2015363327 10.77.0.1 20000 typ host",
    "a=candidate:2 1 tcp 1015021823 10.77.0.1 0 typ host tcptype active",
    "a=candidate:3 1 tcp 1010827519 10.77.0.1 20001 typ host tcptype passive",
    "a=end-of-candidates",
)
_CODECS = ("opus", "vp8", "h264", "vp9")
_EXTENSIONS = ("urn:ietf:params:rtp-hdrext:ssrc-audio-level", "urn:ietf:params:rtp-hdrext:sdes:mid")
# Janus numbers the extensions of its own offers as it likes.
_OWN_IDS = {uri: number for number, uri in enumerate(_EXTENSIONS, 7)}
_FORMATS = {"audio": ("111", "a=rtpmap:111 opus/48000/2"), "video": ("96", "a=rtpmap:96 VP8/90000")}


class FakePublisher(Publisher):
    def __init__(self, room: "FakeSfuRoom", feed: str, display: str) -> None:
        super().__init__(room.room_id, feed, display)
        self.room = room
        self.offers: list[Description] = []
        self.keyframes: list[str | None] = []
        self.detached = False

    async def join_and_configure(self, offer_sdp: str) -> str:
        self.room.require_alive()
        self.room.publishers[self.feed] = self
        answer = self._answer(offer_sdp)
        if self.room.connects:
            self.emit(Connected())
        return answer

    async def configure(self, offer_sdp: str) -> str:
        self.room.require_alive()
        return self._answer(offer_sdp)

    async def request_keyframe(self, mid: str | None = None) -> None:
        self.keyframes.append(mid)

    async def detach(self) -> None:
        self.detached = True
        self.room.publishers.pop(self.feed, None)

    def emit(self, event: ConnectionEvent) -> None:
        """Something happens to the PeerConnection."""
        if isinstance(event, Connected):
            self.connected.set()
        self._tell(event)

    def _answer(self, offer_sdp: str) -> str:
        offer = Description.parse(offer_sdp)
        self.offers.append(offer)
        sections = tuple(_answered(section) for section in offer.sections)
        return Description(("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite"), sections).text()


def _answered(section: Section) -> Section:
    name = next((codec for codec in section.codecs if codec in _CODECS), None)
    number = section.formats[section.codecs.index(name)] if name is not None else section.formats[0]
    rtpmap = next(value for value in section.attributes("rtpmap") if value.startswith(f"{number} "))
    direction = {"sendonly": "recvonly"}.get(section.direction, "inactive")
    extensions = {uri: number for uri, number in section.extensions.items() if uri in _EXTENSIONS}
    rids = [value.replace("send", "recv") for value in section.attributes("rid")]
    simulcast = [value.replace("send", "recv") for value in section.attributes("simulcast")]
    lines = (
        f"a=mid:{section.mid}",
        f"a={direction}",
        f"a=rtpmap:{rtpmap}",
        *(f"a=extmap:{number} {uri}" for uri, number in extensions.items()),
        *(f"a=rid:{value}" for value in rids),
        *(f"a=simulcast:{value}" for value in simulcast),
        *(line.format(setup="active") for line in _TRANSPORT),
    )
    return Section(section.kind, 9 if name is not None else 0, section.protocol, (number,), lines)


class FakeSubscriber(Subscriber):
    """Keeps m-lines and uses inactive ones again, as Janus does."""

    def __init__(self, room: "FakeSfuRoom") -> None:
        super().__init__(room.room_id)
        self.room = room
        self.streams: list[SubscribedStream] = []
        self.answers: list[Description] = []
        self.layers: list[tuple[str, int]] = []
        self.awaits_answer = False
        self.detached = False

    async def join(self, streams: Sequence[StreamRef], *, use_msid: bool = True) -> Offer:
        assert use_msid
        self.room.require_alive()
        return self._subscribe(streams)

    async def start(self, answer_sdp: str) -> None:
        self.room.require_alive()
        assert self.awaits_answer, "there is no offer to answer"
        self.answers.append(Description.parse(answer_sdp))
        self.awaits_answer = False

    async def update(self, subscribe: Iterable[StreamRef] = (), unsubscribe_mids: Iterable[str] = ()) -> Offer | None:
        self.room.require_alive()
        assert not self.awaits_answer, "an offer awaits its answer"
        gone = set(unsubscribe_mids)
        self.streams = [
            replace(stream, active=False, feed=None, feed_mid=None) if stream.mid in gone else stream
            for stream in self.streams
        ]
        return self._subscribe(list(subscribe))

    async def set_layers(self, mid: str, substream: int) -> None:
        self.layers.append((mid, substream))

    async def detach(self) -> None:
        self.detached = True

    def emit(self, event: ConnectionEvent) -> None:
        """Something happens to the PeerConnection."""
        self._tell(event)

    def offer_unasked(self) -> None:
        """Janus makes an offer of its own accord."""
        self.awaits_answer = True
        for listener in self._offer_listeners:
            listener(Offer(self._offer(), tuple(self.streams)))

    def _subscribe(self, refs: Sequence[StreamRef]) -> Offer:
        kinds = [self.room.kind_of(ref) for ref in refs]
        for ref, kind in zip(refs, kinds, strict=True):
            free = next((i for i, stream in enumerate(self.streams) if not stream.active and stream.kind == kind), None)
            mid = str(len(self.streams)) if free is None else self.streams[free].mid
            stream = SubscribedStream(mid, "audio" if kind == "audio" else "video", True, ref.feed, ref.mid, None)
            if free is None:
                self.streams.append(stream)
            else:
                self.streams[free] = stream
        self.awaits_answer = True
        return Offer(self._offer(), tuple(self.streams))

    def _offer(self) -> str:
        sections = tuple(_offered(stream) for stream in self.streams)
        session = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite")
        return Description(session, sections).bundling([stream.mid for stream in self.streams]).text()


def _offered(stream: SubscribedStream) -> Section:
    number, rtpmap = _FORMATS[stream.kind]
    lines = (
        f"a=mid:{stream.mid}",
        "a=sendonly" if stream.active else "a=inactive",
        rtpmap,
        *(f"a=extmap:{own} {uri}" for uri, own in _OWN_IDS.items()),
        *((f"a=msid:{stream.feed} {stream.feed_mid}", "a=ssrc:1 cname:janus") if stream.active else ()),
        *(line.format(setup="actpass") for line in _TRANSPORT),
    )
    return Section(stream.kind, 9, "UDP/TLS/RTP/SAVPF", (number,), lines)


class FakeSfuRoom(SfuRoom):
    def __init__(self, room_id: str, recording_dir: Path) -> None:
        self.room_id = room_id
        self.recording_dir = recording_dir
        self.publishers: dict[str, FakePublisher] = {}
        self.subscribers: list[FakeSubscriber] = []
        self.switches: list[bool] = []
        self.switch_error: SfuError | None = None
        self.connects = True
        """Whether sending PeerConnections come up."""
        self.destroyed = False
        self.lost = False
        recording_dir.mkdir(parents=True, exist_ok=True)

    def require_alive(self) -> None:
        if self.lost:
            raise SfuLost("Janus is gone")

    async def publisher(self, feed: str, display: str) -> Publisher:
        self.require_alive()
        return FakePublisher(self, feed, display)

    async def subscriber(self) -> Subscriber:
        self.require_alive()
        subscriber = FakeSubscriber(self)
        self.subscribers.append(subscriber)
        return subscriber

    async def set_recording(self, on: bool) -> None:
        self.require_alive()
        self.switches.append(on)
        if self.switch_error is not None:
            raise self.switch_error

    async def destroy(self) -> None:
        self.destroyed = True

    def kind_of(self, ref: StreamRef) -> str:
        publisher = self.publishers.get(ref.feed)
        section = publisher.offers[-1].section(ref.mid) if publisher is not None else None
        if section is None:
            raise FeedNotReady("no such feed", code=428, request="update")
        return section.kind


class FakeSfu(Sfu):
    """Janus dies and comes back when a test says so."""

    def __init__(self) -> None:
        self.rooms: list[FakeSfuRoom] = []
        self.down = False
        self.lost_callbacks: list[LostCallback] = []
        self.restored_callbacks: list[RestoredCallback] = []

    def on_lost(self, callback: LostCallback) -> None:
        self.lost_callbacks.append(callback)

    def on_restored(self, callback: RestoredCallback) -> None:
        self.restored_callbacks.append(callback)

    async def create_room(self, room_id: str, recording_dir: Path) -> SfuRoom:
        if self.down:
            raise SfuLost("Janus is gone")
        room = FakeSfuRoom(room_id, recording_dir)
        self.rooms.append(room)
        return room

    async def die(self) -> None:
        self.down = True
        for room in self.rooms:
            room.lost = True
        for callback in self.lost_callbacks:
            await callback("killed by a test")

    async def revive(self) -> None:
        self.down = False
        for callback in self.restored_callbacks:
            await callback()
