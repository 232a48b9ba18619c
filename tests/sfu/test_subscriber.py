"""What a subscriber makes of answers and offers, against a scripted Janus."""

import asyncio
from typing import Any

import pytest

from reelkit.sfu.client import JanusClient
from reelkit.sfu.errors import BadSdp, SfuError, WrongState
from reelkit.sfu.subscriber import Offer, StreamRef, SubscribedStream, Subscriber
from tests.patience import PATIENCE_S
from tests.sfu.fake_janus import SECRET, FakeJanus, Request

ADA = StreamRef("ada", "1")
OFFER = {"type": "offer", "sdp": "v=0"}
ACTIVE = {"type": "video", "mid": "0", "mindex": 0, "active": True, "feed_id": "ada", "feed_mid": "1", "codec": "vp8"}
INACTIVE = {"type": "video", "mid": "0", "mindex": 0, "active": False}
ATTACHED = {"videoroom": "attached", "streams": [ACTIVE]}
UPDATED = {"videoroom": "updated", "streams": [INACTIVE]}


class Room:
    """Answers by the request's name; what is not scripted is confirmed."""

    def __init__(self, **answers: tuple[dict[str, Any], dict[str, str] | None]) -> None:
        self.answers = {"join": (ATTACHED, OFFER), **answers}
        self.bodies: list[dict[str, Any]] = []

    async def __call__(self, janus: FakeJanus, request: Request) -> None:
        self.bodies.append(request["body"])
        data, jsep = self.answers.get(request["body"]["request"], ({"videoroom": "event"}, None))
        await janus.event(request, data, jsep)


async def subscriber_of(client: JanusClient) -> Subscriber:
    return await Subscriber("session-1").attach(client, lambda _: None)


def client_of(janus: FakeJanus) -> JanusClient:
    return JanusClient(janus.url, SECRET, request_timeout_s=PATIENCE_S)


async def test_join_asks_for_streams_without_automatic_offers() -> None:
    room = Room()
    async with FakeJanus(room) as janus, client_of(janus) as client:
        offer = await (await subscriber_of(client)).join([ADA], use_msid=False)
    assert offer == Offer("v=0", (SubscribedStream("0", "video", True, "ada", "1", "vp8"),))
    assert (offer.mid_of(ADA), offer.mid_of(StreamRef("ada", "0"))) == ("0", None)
    assert room.bodies == [
        {
            "request": "join",
            "ptype": "subscriber",
            "room": "session-1",
            "streams": [{"feed": "ada", "mid": "1"}],
            "use_msid": False,
            "autoupdate": False,
        }
    ]


async def test_calls_out_of_order_are_refused_without_asking_janus() -> None:
    room = Room()
    async with FakeJanus(room) as janus, client_of(janus) as client:
        subscriber = await subscriber_of(client)
        with pytest.raises(WrongState, match="not joined"):
            await subscriber.update([ADA])
        with pytest.raises(WrongState, match="no offer"):
            await subscriber.start("v=0")
        await subscriber.join([ADA])
        with pytest.raises(WrongState, match="joined already"):
            await subscriber.join([ADA])
        with pytest.raises(WrongState, match="awaits"):
            await subscriber.update([ADA])
        await subscriber.start("v=0")
        assert await subscriber.update() is None
    assert [body["request"] for body in room.bodies] == ["join", "start"]


async def test_an_update_names_what_comes_and_goes() -> None:
    room = Room(update=(UPDATED, OFFER))
    async with FakeJanus(room) as janus, client_of(janus) as client:
        subscriber = await subscriber_of(client)
        await subscriber.join([ADA])
        await subscriber.start("v=0")
        offer = await subscriber.update([ADA], ["0"])
        assert offer is not None
        assert offer.streams == (SubscribedStream("0", "video", False, None, None, None),)
        assert subscriber.answer_awaited
    assert room.bodies[-1] == {
        "request": "update",
        "subscribe": [{"feed": "ada", "mid": "1"}],
        "unsubscribe": [{"sub_mid": "0"}],
    }


async def test_an_update_that_changes_nothing_gives_no_offer() -> None:
    async with FakeJanus(Room(update=({"videoroom": "updated"}, None))) as janus, client_of(janus) as client:
        subscriber = await subscriber_of(client)
        await subscriber.join([ADA])
        await subscriber.start("v=0")
        assert await subscriber.update(unsubscribe_mids=["9"]) is None
        assert not subscriber.answer_awaited


async def test_an_update_that_janus_puts_off_is_an_error() -> None:
    async with FakeJanus(Room(update=({"videoroom": "updating"}, None))) as janus, client_of(janus) as client:
        subscriber = await subscriber_of(client)
        await subscriber.join([ADA])
        await subscriber.start("v=0")
        with pytest.raises(WrongState, match="earlier offer"):
            await subscriber.update([ADA])


async def test_after_a_refused_answer_the_offer_still_waits() -> None:
    room = Room(start=({"videoroom": "event", "error_code": 437, "error": "no"}, None))
    async with FakeJanus(room) as janus, client_of(janus) as client:
        subscriber = await subscriber_of(client)
        await subscriber.join([ADA])
        with pytest.raises(BadSdp):
            await subscriber.start("nonsense")
        assert subscriber.answer_awaited


async def test_an_offer_made_unasked_is_told_and_awaits_its_answer() -> None:
    async with FakeJanus(Room()) as janus, client_of(janus) as client:
        subscriber = await subscriber_of(client)
        await subscriber.join([ADA])
        await subscriber.start("v=0")
        offers: asyncio.Queue[Offer] = asyncio.Queue()
        subscriber.on_offer(offers.put_nowait)
        handle_id = janus.seen[-1]["handle_id"]
        await janus.push(handle_id, {"videoroom": "event", "room": "session-1"})
        await janus.push(handle_id, UPDATED, {"type": "offer", "sdp": "v=1"})
        offer = await asyncio.wait_for(offers.get(), PATIENCE_S)
        assert offer == Offer("v=1", (SubscribedStream("0", "video", False, None, None, None),))
        assert offers.empty()
        assert subscriber.answer_awaited


@pytest.mark.parametrize(
    ("data", "jsep"),
    [(ATTACHED, None), ({"streams": "none"}, OFFER), ({"videoroom": "attached", "streams": [{}]}, OFFER)],
)
async def test_an_answer_in_an_unknown_shape_is_an_error(data: dict[str, Any], jsep: dict[str, str] | None) -> None:
    async with FakeJanus(Room(join=(data, jsep))) as janus, client_of(janus) as client:
        with pytest.raises(SfuError):
            await (await subscriber_of(client)).join([ADA])
