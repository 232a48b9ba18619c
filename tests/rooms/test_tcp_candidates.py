"""Who learns where the SFU takes media over TCP."""

from collections.abc import Mapping
from typing import Any

import pytest

from reelkit.rooms.events import MediaEvent
from reelkit.rooms.proto import media_pb2
from reelkit.rooms.sdp import Description
from tests.rooms.meeting import PEOPLE, RECORDER, FakeMeeting, offer
from tests.rooms.sdp_texts import sdp

TYPED_RECORDER = {"name": "recorder", "permissions": {"recorder_type": "RECORDER"}}
OBSERVER = {"name": "observer", "permissions": {"hidden_participant": True}}
UDP = {"1 1 udp 2015363327 10.77.0.1 20000 typ host"}
TCP = {"3 1 tcp 1010827519 10.77.0.1 20001 typ host tcptype passive"}


def candidates(description: media_pb2.SessionDescription) -> set[str]:
    sections = Description.parse(description.sdp).sections
    return {value for section in sections for value in section.attributes("candidate")}


@pytest.mark.parametrize(
    ("preset", "told"), [(PEOPLE, UDP), (OBSERVER, UDP), (RECORDER, UDP | TCP), (TYPED_RECORDER, UDP | TCP)]
)
async def test_hidden_recorders_alone_are_told_of_tcp(
    meeting: FakeMeeting, preset: Mapping[str, Any], told: set[str]
) -> None:
    alice = await meeting.joined("alice")
    client = await meeting.joined("client", preset)
    for consuming, text in ((False, "chromium_send_connect_offer"), (True, "chromium_receive_connect_offer")):
        response = await client.ask(
            MediaEvent.CREATE_TRANSPORT,
            media_pb2.CreateTransportRequest(consuming=consuming, description=offer(sdp(text))),
            media_pb2.CreateTransportResponse,
        )
        assert candidates(response.description) == told
    client.receive_transport = response.transport_id
    video = (await alice.produce("video")).producer_id
    assert candidates((await client.consume((alice, video))).description) == told


async def test_further_answers_to_a_sender_say_the_same(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    assert candidates((await alice.produce("audio")).description) == UDP
