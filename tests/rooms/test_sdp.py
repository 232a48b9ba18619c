"""Session descriptions of Chromium and Janus, taken apart."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.rooms import negotiation
from reelkit.rooms.errors import BadDescription
from reelkit.rooms.sdp import Description, TransportParameters
from tests.rooms.sdp_texts import sdp

TEXTS = (
    "chromium_send_connect_offer",
    "chromium_receive_connect_offer",
    "chromium_produce_audio_offer",
    "chromium_produce_video_offer",
    "chromium_produce_simulcast_offer",
    "chromium_close_consumer_offer",
    "janus_send_connect_answer",
    "janus_receive_connect_offer",
    "janus_produce_video_answer",
    "janus_consume_offer",
    "janus_recycled_offer",
)


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_is_lost(name: str) -> None:
    assert Description.parse(sdp(name)).text() == sdp(name)


def test_sections() -> None:
    audio, video = Description.parse(sdp("chromium_send_connect_offer")).sections
    assert (audio.kind, audio.mid, audio.direction, audio.port, audio.rejected) == ("audio", "0", "sendonly", 9, False)
    assert audio.codecs[:2] == ["opus", "red"]
    assert video.codecs[:3] == ["vp8", "rtx", "h264"]
    assert audio.extensions["urn:ietf:params:rtp-hdrext:sdes:mid"] == 4
    assert video.attribute("simulcast") == "send f;h;q"
    assert video.attributes("rid") == ["f send", "h send", "q send"]
    assert video.attribute("rtcp-mux") == ""
    assert video.attribute("ice-lite") is None


def test_a_stopped_section_is_rejected() -> None:
    offer = Description.parse(sdp("chromium_close_consumer_offer"))
    assert [section.rejected for section in offer.sections] == [False, False, True, False]
    assert offer.section("3") is offer.sections[3]
    assert offer.section("9") is None


def test_port_zero_in_a_bundle_is_not_rejected() -> None:
    offer = Description.parse(sdp("chromium_send_connect_offer").replace("m=video 9", "m=video 0"))
    assert offer.sections[1].rejected
    assert not offer.sections[1].adding("a=bundle-only").rejected


def test_changes_make_copies() -> None:
    section = Description.parse(sdp("chromium_send_connect_offer")).sections[1]
    changed = section.without("rid", "simulcast").directed("inactive")
    assert changed.direction == "inactive"
    assert changed.attributes("rid") == []
    assert section.direction == "sendonly"
    # A name that another one begins with is a different attribute.
    assert section.without("extmap").attribute("extmap-allow-mixed") == section.attribute("extmap-allow-mixed")
    assert section.without("rtcp").attribute("rtcp-mux") == ""


def test_bundle_is_replaced() -> None:
    offer = Description.parse(sdp("chromium_send_connect_offer")).bundling(["1"])
    assert [line for line in offer.session if line.startswith("a=group")] == ["a=group:BUNDLE 1"]


def test_transport_parameters() -> None:
    janus = TransportParameters.of(Description.parse(sdp("janus_receive_connect_offer")))
    # Janus gives the fingerprint once for the whole session, Chromium for each m-line.
    assert janus.fingerprint.startswith("sha-256 ")
    assert janus.ice_lite
    assert janus.candidates == ("1 1 udp 2015363327 10.77.0.1 20123 typ host",)
    lines = janus.lines("passive")
    assert lines[0] == "a=setup:passive"
    assert f"a=ice-ufrag:{janus.ufrag}" in lines
    chromium = TransportParameters.of(Description.parse(sdp("chromium_receive_connect_offer")))
    assert (chromium.candidates, chromium.ice_lite) == ((), False)


def test_an_extension_with_a_direction() -> None:
    section = Description.parse(sdp("chromium_send_connect_offer")).sections[0]
    assert section.without("extmap").adding("a=extmap:3/sendonly urn:x with options").extensions == {"urn:x": 3}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        "v=0\r\nm=audio\r\n",
        "v=0\r\nm=audio nine UDP/TLS/RTP/SAVPF 111\r\n",
    ],
)
def test_what_is_no_description(text: str) -> None:
    with pytest.raises(BadDescription):
        Description.parse(text)


@pytest.mark.parametrize("removed", ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint"])
def test_incomplete_transport_parameters(removed: str) -> None:
    kept = [line for line in sdp("chromium_send_connect_offer").splitlines() if not line.startswith(removed)]
    with pytest.raises(BadDescription, match=removed.removeprefix("a=")):
        TransportParameters.of(Description.parse("\r\n".join(kept)))


@given(st.text() | st.from_regex(r"v=0(\r\n(m=[a-z]+ \d+ [A-Z/]+ \d+|a=[a-z]+:[0-9a-z /;,~]*))*", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadDescription):
        description = Description.parse(text)
        for section in description.sections:
            assert section.codecs is not None
            assert section.extensions is not None
            assert negotiation.layers(section) is not None
        assert Description.parse(description.text()) == description


def test_a_section_needs_a_mid_and_whole_extensions() -> None:
    section = Description.parse(sdp("chromium_send_connect_offer")).sections[0]
    with pytest.raises(BadDescription):
        _ = section.without("mid").mid
    with pytest.raises(BadDescription):
        _ = section.adding("a=extmap:x").extensions
