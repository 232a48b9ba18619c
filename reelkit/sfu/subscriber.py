"""One client's receiving PeerConnection in a room."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from reelkit.sfu.connection import Connection, sdp_of
from reelkit.sfu.errors import SfuError, WrongState
from reelkit.sfu.handle import PluginAnswer
from reelkit.sfu.wire import Jsep, JsonObject, Message, StreamSummary, SubscriberAnswer


@dataclass(frozen=True, slots=True)
class StreamRef:
    """One m-line of a publisher."""

    feed: str
    mid: str


@dataclass(frozen=True, slots=True)
class SubscribedStream:
    """One m-line of a subscriber. An inactive one shows nothing, has no feed and is used again for a later stream."""

    mid: str
    kind: Literal["audio", "video", "data"]
    active: bool
    feed: str | None
    feed_mid: str | None
    codec: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """Janus' offer with what each of its m-lines carries. It must be answered with ``Subscriber.start``."""

    sdp: str
    streams: tuple[SubscribedStream, ...]

    def mid_of(self, ref: StreamRef) -> str | None:
        """The subscriber's mid that carries ``ref``, or None if the publisher left meanwhile."""
        return next((s.mid for s in self.streams if s.active and (s.feed, s.feed_mid) == (ref.feed, ref.mid)), None)


class Subscriber(Connection):
    """Receives m-lines of any publishers of its room over one PeerConnection. Janus offers, the client answers.

    Each offer must be answered with ``start`` before the next ``update``. When a publisher leaves, its m-lines turn
    inactive at the next update; Janus is asked not to offer by itself (``autoupdate`` off). Should it do so, the offer
    goes to ``on_offer`` and awaits its answer like any other. Methods raise SfuLost, SfuTimeout and RequestRefused.
    """

    def __init__(self, room_id: str) -> None:
        super().__init__(room_id, name="subscriber")
        self._joined = False
        self._answer_awaited = False
        self._offer_listeners: list[Callable[[Offer], None]] = []

    @property
    def answer_awaited(self) -> bool:
        """Whether Janus made an offer that ``start`` has not answered yet."""
        return self._answer_awaited

    def on_offer(self, listener: Callable[[Offer], None]) -> None:
        """Calls ``listener`` with each offer that Janus makes unasked."""
        self._offer_listeners.append(listener)

    async def join(self, streams: Sequence[StreamRef], *, use_msid: bool = True) -> Offer:
        """Subscribes to the first streams, at least one.

        With ``use_msid`` each m-line's msid is its feed and its own mid (``a=msid:FEED MID``), so that a browser groups
        tracks by publisher. Raises FeedNotReady if a stream is not there yet; the call may then be repeated.
        """
        self._require(not self._joined, "the subscriber has joined already")
        body: JsonObject = {
            "request": "join",
            "ptype": "subscriber",
            "room": self._room_id,
            "streams": _refs(streams),
            "use_msid": use_msid,
            "autoupdate": False,
        }
        answer = await self._ask(body)
        self._joined = True
        return self._take_offer(answer)

    async def start(self, answer_sdp: str) -> None:
        """Gives Janus the answer to its newest offer; media flows from here. Raises BadSdp."""
        self._require(self._answer_awaited, "there is no offer to answer")
        self._answer_awaited = False  # before the request, since an offer made unasked may follow its answer at once
        try:
            await self._ask({"request": "start"}, Jsep(type="answer", sdp=answer_sdp))
        except SfuError:
            self._answer_awaited = True
            raise

    async def update(self, subscribe: Iterable[StreamRef] = (), unsubscribe_mids: Iterable[str] = ()) -> Offer | None:
        """Drops the subscriber's m-lines ``unsubscribe_mids``, then adds streams; None if that changed nothing.

        Added streams take inactive m-lines of their kind before new ones; one that is already there comes a second
        time. Raises FeedNotReady if a stream is not there, and nothing has changed then; WrongState before ``join``,
        after a hang-up and while an offer awaits its answer.
        """
        self._require(self._joined, "the subscriber has not joined")
        self._require(self.hung_up is None, "the PeerConnection has ended")
        self._require(not self._answer_awaited, "an offer awaits its answer", retry=True)
        body: JsonObject = {"request": "update"}
        if added := _refs(subscribe):
            body["subscribe"] = added
        if removed := [{"sub_mid": mid} for mid in unsubscribe_mids]:
            body["unsubscribe"] = removed
        if not added and not removed:
            return None
        answer = await self._ask(body)
        if answer.data.get("videoroom") == "updating":
            raise WrongState("Janus awaits the answer to an earlier offer", room_id=self._room_id)
        return self._take_offer(answer) if answer.jsep is not None else None

    async def set_layers(self, mid: str, substream: int) -> None:
        """Chooses the simulcast layer, 0 (lowest) to 2, that the subscriber's m-line ``mid`` carries."""
        await self._ask({"request": "configure", "streams": [{"mid": mid, "substream": substream}]})

    def _receive_plugin_event(self, message: Message) -> None:
        if message.plugindata is None or message.jsep is None or message.jsep.type != "offer":
            return
        offer = self._take_offer(PluginAnswer(message.plugindata.data, message.jsep))
        self._log.warning("Janus made an offer unasked", streams=len(offer.streams))
        for listener in tuple(self._offer_listeners):
            listener(offer)

    def _take_offer(self, answer: PluginAnswer) -> Offer:
        sdp = sdp_of(answer)
        try:
            summary = SubscriberAnswer.model_validate(answer.data)
        except ValidationError as error:
            raise SfuError("Janus described an offer in an unknown way") from error
        self._answer_awaited = True
        return Offer(sdp, tuple(_stream(entry) for entry in summary.streams))

    def _require(self, condition: bool, problem: str, *, retry: bool = False) -> None:
        if not condition:
            raise WrongState(problem, retry=retry, room_id=self._room_id)


def _refs(streams: Iterable[StreamRef]) -> list[JsonObject]:
    return [{"feed": ref.feed, "mid": ref.mid} for ref in streams]


def _stream(entry: StreamSummary) -> SubscribedStream:
    return SubscribedStream(
        mid=entry.mid,
        kind=entry.kind,
        active=entry.active,
        feed=entry.feed_id,
        feed_mid=entry.feed_mid,
        codec=entry.codec,
    )
