"""Offers and answers between Chromium and Janus, translated."""

from itertools import pairwise

import pytest

from reelkit.rooms import negotiation
from reelkit.rooms.sdp import Description, TransportParameters
from tests.rooms.sdp_texts import sdp

RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
DUMMIES = frozenset({"0", "1"})
TCP_ACTIVE = "a=candidate:2 1 tcp 1015021823 10.77.0.1 0 typ host tcptype active"
TCP_PASSIVE = "a=candidate:3 1 tcp 1010827519 10.77.0.1 20804 typ host tcptype passive"


@pytest.fixture
def first_offer() -> Description:
    """The client's first offer on its receiving PeerConnection."""
    return Description.parse(sdp("chromium_receive_connect_offer"))


def bundle(description: Description) -> list[str]:
    (group,) = [line for line in description.session if line.startswith("a=group:BUNDLE")]
    return group.split()[1:]


def test_janus_gets_a_single_layer() -> None:
    offer = Description.parse(sdp("chromium_produce_simulcast_offer"))
    fit = negotiation.single_layered(offer, DUMMIES)
    produced = fit.section("3")
    assert produced is not None
    assert produced.attributes("rid") == ["f send"]
    assert produced.attribute("simulcast") == "send f"
    assert RID in produced.extensions
    # The dummy's simulcast has to stay: Chromium could not make its next offer else.
    assert fit.section("1") == offer.section("1")
    assert negotiation.layers(produced) == ["f"]


def test_what_has_no_simulcast_stays_as_it_is() -> None:
    for name in ("chromium_produce_audio_offer", "chromium_produce_video_offer"):
        offer = Description.parse(sdp(name))
        assert negotiation.single_layered(offer, DUMMIES) == offer


def test_janus_may_ask_for_lost_sound() -> None:
    with_nack = Description.parse(sdp("chromium_produce_audio_offer"))
    sections = tuple(section.without("rtcp-fb") for section in with_nack.sections)
    offer = Description(with_nack.session, sections)
    fit = negotiation.resending_sound(offer)
    for section, before in zip(fit.sections, offer.sections, strict=True):
        if section.kind == "audio":
            assert section.attributes("rtcp-fb") == ["111 nack"]
        else:
            assert section == before
    assert negotiation.resending_sound(fit) == fit


def test_layers_with_alternatives() -> None:
    section = Description.parse(sdp("chromium_produce_simulcast_offer")).sections[1].without("simulcast")
    assert negotiation.layers(section) == []
    assert negotiation.layers(section.adding("a=simulcast:send f,g;~h")) == ["f", "h"]


def test_chromiums_answer_keeps_the_rid_extension() -> None:
    answer = Description.parse(sdp("janus_produce_video_answer"))
    offer = Description.parse(sdp("chromium_produce_video_offer"))
    completed = negotiation.completed_answer(answer, offer, tcp=False)
    assert completed == answer
    dummy = completed.section("1")
    assert dummy is not None
    assert RID in dummy.extensions


def test_capture_time_is_accepted_where_it_is_offered() -> None:
    offer = Description.parse(sdp("chromium_produce_video_offer"))
    sections = tuple(
        section.adding(f"a=extmap:9 {negotiation.ABS_CAPTURE_TIME}") if section.mid == "3" else section
        for section in offer.sections
    )
    answer = Description.parse(sdp("janus_produce_video_answer"))
    completed = negotiation.completed_answer(answer, Description(offer.session, sections), tcp=False)
    numbers = [section.extensions.get(negotiation.ABS_CAPTURE_TIME) for section in completed.sections]
    assert numbers == [None, None, None, 9]
    assert negotiation.completed_answer(completed, Description(offer.session, sections), tcp=False) == completed


def test_the_client_is_answered_with_what_janus_offers(first_offer: Description) -> None:
    janus = Description.parse(sdp("janus_receive_connect_offer"))
    answer = negotiation.answer_for_client(first_offer, janus, DUMMIES, (), 2)
    assert Description.parse(answer.text()) == answer
    assert "a=ice-lite" in answer.session
    assert bundle(answer) == ["0", "1"]
    parameters = TransportParameters.of(janus)
    for section, offered in zip(answer.sections, first_offer.sections, strict=True):
        assert (section.direction, section.port, section.attribute("setup")) == ("inactive", 9, "passive")
        assert section.attribute("ice-ufrag") == parameters.ufrag
        assert section.attributes("candidate") == list(parameters.candidates)
        # An answer may only accept what was offered, under the offered ids (RFC 8285).
        assert section.extensions.items() <= offered.extensions.items()
        assert set(section.formats) <= set(offered.formats)
    assert [section.codecs for section in answer.sections] == [["opus"], ["vp8", "rtx"]]


def test_janus_is_answered_for_the_client(first_offer: Description) -> None:
    janus = Description.parse(sdp("janus_receive_connect_offer"))
    client = TransportParameters.of(first_offer)
    ids = negotiation.extension_ids(first_offer)
    answer = negotiation.answer_for_janus(janus, client, ids, (), 3)
    assert bundle(answer) == ["0", "1"]
    for section, offered in zip(answer.sections, janus.sections, strict=True):
        assert (section.direction, section.attribute("setup")) == ("recvonly", "active")
        assert section.attribute("fingerprint") == client.fingerprint
        assert section.formats == offered.formats
    video = answer.sections[1]
    # Janus wants 12 for it, the client said 5 first and must not see another id.
    assert janus.sections[1].extensions[PLAYOUT_DELAY] == 12
    assert video.extensions[PLAYOUT_DELAY] == 5


def test_an_offer_of_janus_speaks_the_clients_ids(first_offer: Description) -> None:
    janus = Description.parse(sdp("janus_consume_offer"))
    ids = negotiation.extension_ids(first_offer)
    offer = negotiation.offer_for_client(janus, ids, DUMMIES, ())
    assert [section.direction for section in offer.sections] == ["inactive", "inactive", "sendonly"]
    for section in offer.sections:
        assert section.extensions.items() <= ids[section.kind].items()
    dummy, _, consumer = offer.sections
    assert dummy.attributes("ssrc") == dummy.attributes("msid") == []
    assert consumer.attributes("msid") == janus.sections[2].attributes("msid")
    assert bundle(offer) == ["0", "1", "2"]


def test_consumers_are_closed_and_come_back(first_offer: Description) -> None:
    client_offer = Description.parse(sdp("chromium_close_consumer_offer"))
    closed = {section.mid for section in client_offer.sections if section.rejected}
    janus = Description.parse(sdp("janus_close_consumer_offer"))
    ids = negotiation.extension_ids(first_offer)
    client = TransportParameters.of(first_offer)

    answer = negotiation.answer_for_client(client_offer, janus, DUMMIES, closed, 5)
    assert [section.port for section in answer.sections] == [9, 9, 0, 9]
    assert [section.direction for section in answer.sections] == ["inactive", "inactive", "inactive", "sendonly"]
    assert bundle(answer) == ["0", "1", "3"]
    given_up = answer.sections[2]
    assert given_up.attributes("candidate") == given_up.attributes("ice-ufrag") == []
    assert answer.sections[3].attributes("msid") == janus.sections[3].attributes("msid")

    to_janus = negotiation.answer_for_janus(janus, client, ids, closed, 6)
    assert [section.direction for section in to_janus.sections] == ["recvonly", "recvonly", "inactive", "recvonly"]

    meanwhile = negotiation.offer_for_client(janus, ids, DUMMIES, closed)
    assert [section.port for section in meanwhile.sections] == [9, 9, 0, 9]
    assert bundle(meanwhile) == ["0", "1", "3"]

    recycled = negotiation.offer_for_client(Description.parse(sdp("janus_recycled_offer")), ids, DUMMIES, ())
    assert [section.port for section in recycled.sections] == [9, 9, 9, 9]
    assert recycled.sections[2].direction == "sendonly"
    assert bundle(recycled) == ["0", "1", "2", "3"]


def test_who_is_told_where_janus_takes_tcp() -> None:
    udp_only = Description.parse(sdp("janus_receive_connect_offer"))
    sections = tuple(section.adding(TCP_ACTIVE, TCP_PASSIVE) for section in udp_only.sections)
    janus = Description(udp_only.session, sections)
    assert negotiation.candidates_told(janus, tcp=False) == udp_only
    told = negotiation.candidates_told(janus, tcp=True)
    assert told.sections == tuple(section.adding(TCP_PASSIVE) for section in udp_only.sections)
    assert negotiation.candidates_told(udp_only, tcp=True) == udp_only


def test_an_answer_to_a_publisher_tells_the_same() -> None:
    offer = Description.parse(sdp("chromium_produce_video_offer"))
    udp_only = Description.parse(sdp("janus_produce_video_answer"))
    sections = tuple(section.adding(TCP_ACTIVE, TCP_PASSIVE) for section in udp_only.sections)
    answer = Description(udp_only.session, sections)
    assert negotiation.completed_answer(answer, offer, tcp=False) == udp_only
    for section in negotiation.completed_answer(answer, offer, tcp=True).sections:
        assert [value.split()[2] for value in section.attributes("candidate")] == ["udp", "tcp"]


def test_versions_grow(first_offer: Description) -> None:
    janus = Description.parse(sdp("janus_receive_connect_offer"))
    origins = [
        int(negotiation.answer_for_client(first_offer, janus, DUMMIES, (), version).session[1].split()[2])
        for version in (1, 2, 3)
    ]
    assert all(before < after for before, after in pairwise(origins))


def test_an_offer_that_janus_knows_nothing_of(first_offer: Description) -> None:
    janus = Description.parse(sdp("janus_receive_connect_offer"))
    extra = first_offer.sections[0].without("mid").adding("a=mid:9")
    offer = Description(first_offer.session, (*first_offer.sections, extra))
    answer = negotiation.answer_for_client(offer, janus, DUMMIES, (), 2)
    unknown = answer.sections[2]
    assert (unknown.direction, unknown.formats) == ("inactive", ("111",))
    assert unknown.codecs == ["opus"]
