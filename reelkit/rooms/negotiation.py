"""Offers and answers translated between the SDK and Janus.

The sending PeerConnection needs little: the client offers and Janus answers. Only simulcast is taken out of what is
really sent, because Janus' recorder keeps the top layer alone and stands still whenever a client stops that layer.

The receiving PeerConnection is turned round: the SDK makes the first offer there, and Janus' subscribers offer, too.
Janus' offer is answered here with the client's ICE and DTLS parameters, and the client's with those of Janus. From then
on offers of Janus go to the client with the header extension ids that the client chose first, because a browser does
not accept that an id changes.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from reelkit.rooms.sdp import DISCARD_PORT, Description, Section, TransportParameters

ABS_CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
_CODEC_ATTRIBUTES = ("rtpmap", "fmtp", "rtcp-fb")
_TRANSPORT_ATTRIBUTES = (
    "candidate",
    "end-of-candidates",
    "ice-ufrag",
    "ice-pwd",
    "ice-options",
    "fingerprint",
    "setup",
)
_SOURCE_ATTRIBUTES = ("ssrc", "ssrc-group", "msid")
_CANDIDATE = "a=candidate:"

ExtensionIds = Mapping[str, Mapping[str, int]]
"""Kind of media -> header extension URI -> id."""


def candidates_told(description: Description, *, tcp: bool) -> Description:
    """Janus' description with the ICE candidates that a client is to know: those of UDP, and of TCP (RFC 6544) if
    ``tcp`` is set.

    Of TCP only the passive ones are of use: Janus, which is ICE-lite, names active ones, too, but never connects.
    """
    sections = tuple(
        replace(section, lines=tuple(line for line in section.lines if _is_told(line, tcp=tcp)))
        for section in description.sections
    )
    return Description(description.session, sections)


def _is_told(line: str, *, tcp: bool) -> bool:
    fields = line.removeprefix(_CANDIDATE).split()
    if not line.startswith(_CANDIDATE) or fields[2].lower() == "udp":
        return True
    return tcp and "passive" in fields


def single_layered(offer: Description, dummies: Collection[str]) -> Description:
    """A client's offer in which every m-line but the ``dummies`` sends a single layer: the one it prefers.

    The layer keeps its RID. Such an m-line declares no SSRCs, and without a RID Janus would take the retransmissions
    and probes of the same m-line for the stream itself and send its keyframe requests to them. The dummies never carry
    media and stay as they are, because Chromium cannot make its next offer once an answer took the RID header extension
    from an m-line that it offered with simulcast.
    """
    sections = tuple(
        section if section.attribute("mid") in dummies else _single_layer(section) for section in offer.sections
    )
    return Description(offer.session, sections)


def resending_sound(offer: Description) -> Description:
    """A client's offer in which it takes requests for lost packets of Opus (RFC 4585's generic NACK), too.

    The SDK offers it, others may not; browsers send again what is asked for all the same, and Janus asks if it is
    offered. Without it every lost packet of a voice would be missing in the film.
    """
    return Description(offer.session, tuple(_resending(section) for section in offer.sections))


def _resending(section: Section) -> Section:
    number = next((each.split(" ")[0] for each in section.attributes("rtpmap") if " opus/" in each.lower()), None)
    nack = f"{number} nack"
    if section.kind != "audio" or number is None or nack in section.attributes("rtcp-fb"):
        return section
    return section.adding(f"a=rtcp-fb:{nack}")


def layers(section: Section) -> list[str]:
    """The RIDs of an m-line's simulcast (RFC 8853), the preferred one first; none without simulcast. Alternatives and
    paused layers count by their first name."""
    words = (section.attribute("simulcast") or "").split()
    return [rid.split(",")[0].removeprefix("~") for rid in words[1].split(";")] if len(words) > 1 else []


def _single_layer(section: Section) -> Section:
    rids = layers(section)
    if len(rids) < 2:
        return section
    kept = rids[0]
    lines = [value for value in section.attributes("rid") if value.split(" ")[0] == kept]
    return section.without("simulcast", "rid").adding(
        *(f"a=rid:{value}" for value in lines), f"a=simulcast:send {kept}"
    )


def completed_answer(answer: Description, offer: Description, *, tcp: bool) -> Description:
    """Janus' answer to a publisher, with the candidates that the client is to know and with the capture time extension
    accepted wherever the client offers it.

    Janus does not know the extension but records and relays header extensions as they are.
    """
    sections: list[Section] = []
    for section in candidates_told(answer, tcp=tcp).sections:
        offered = offer.section(section.mid)
        number = offered.extensions.get(ABS_CAPTURE_TIME) if offered is not None and not section.rejected else None
        if number is None or ABS_CAPTURE_TIME in section.extensions:
            sections.append(section)
        else:
            sections.append(section.adding(f"a=extmap:{number} {ABS_CAPTURE_TIME}"))
    return Description(answer.session, tuple(sections))


def extension_ids(offer: Description) -> ExtensionIds:
    """The ids of a client's first offer, by kind."""
    return {section.kind: section.extensions for section in offer.sections}


def offer_for_client(
    offer: Description, ids: ExtensionIds, dummies: Collection[str], closed: Collection[str]
) -> Description:
    """Janus' offer as the client is to see it: its own header extension ids, silent dummies, ``closed`` m-lines."""
    sections: list[Section] = []
    for section in offer.sections:
        renumbered = _renumbered(section, ids)
        if section.mid in closed:
            given_up = renumbered.without(*_TRANSPORT_ATTRIBUTES, *_SOURCE_ATTRIBUTES).directed("inactive")
            sections.append(Section(given_up.kind, 0, given_up.protocol, given_up.formats, given_up.lines))
        elif section.mid in dummies:
            sections.append(renumbered.without(*_SOURCE_ATTRIBUTES).directed("inactive"))
        else:
            sections.append(renumbered)
    alive = [section.mid for section in offer.sections if section.mid not in closed]
    return Description(offer.session, tuple(sections)).bundling(alive)


def answer_for_janus(
    offer: Description, client: TransportParameters, ids: ExtensionIds, closed: Collection[str], version: int
) -> Description:
    """The answer to Janus' ``offer`` on behalf of a client with these transport parameters.

    It takes what is offered and needs nothing of the client's own answer: the client had to accept the same offer.
    """
    sections: list[Section] = []
    for section in offer.sections:
        wanted = section.direction == "sendonly" and section.mid not in closed
        lines = (
            "c=IN IP4 0.0.0.0",
            f"a=mid:{section.mid}",
            f"a={'recvonly' if wanted else 'inactive'}",
            "a=rtcp-mux",
            *_lines(section, *_CODEC_ATTRIBUTES),
            *_lines(_renumbered(section, ids), "extmap"),
            *client.lines("active"),
        )
        sections.append(Section(section.kind, DISCARD_PORT, section.protocol, section.formats, lines))
    return _described(sections, [section.mid for section in offer.sections], version, ice_lite=client.ice_lite)


def answer_for_client(
    offer: Description, janus_offer: Description, dummies: Collection[str], closed: Collection[str], version: int
) -> Description:
    """The answer to an offer of the client on the receiving PeerConnection, from what Janus offers there now.

    Such offers come twice: to connect, when all is dummies, and to close consumers, whose m-lines are ``closed``.
    """
    janus = TransportParameters.of(janus_offer)
    sections: list[Section] = []
    alive: list[str] = []
    for section in offer.sections:
        theirs = janus_offer.section(section.mid)
        if section.mid in closed or section.rejected:
            sections.append(_given_up(section))
            continue
        alive.append(section.mid)
        sends = theirs is not None and theirs.direction == "sendonly" and section.mid not in dummies
        common = [number for number in (theirs.formats if theirs else ()) if number in section.formats]
        formats = tuple(common) or section.formats[:1]
        codecs = theirs if theirs is not None and common else section
        offered = section.extensions
        lines = (
            "c=IN IP4 0.0.0.0",
            f"a=mid:{section.mid}",
            f"a={'sendonly' if sends else 'inactive'}",
            "a=rtcp-mux",
            *_codec_lines(codecs, formats),
            *(f"a=extmap:{offered[uri]} {uri}" for uri in (theirs.extensions if theirs else ()) if uri in offered),
            *janus.lines("passive"),
            "a=end-of-candidates",
            *(_lines(theirs, *_SOURCE_ATTRIBUTES) if sends and theirs is not None else ()),
        )
        sections.append(Section(section.kind, DISCARD_PORT, section.protocol, formats, lines))
    return _described(sections, alive, version, ice_lite=janus.ice_lite)


def _renumbered(section: Section, ids: ExtensionIds) -> Section:
    """A copy with the client's header extension ids; extensions that the client does not know are left out."""
    known = ids.get(section.kind, {})
    kept = [uri for uri in section.extensions if uri in known]
    return section.without("extmap").adding(*(f"a=extmap:{known[uri]} {uri}" for uri in kept))


def _given_up(section: Section) -> Section:
    lines = (
        "c=IN IP4 0.0.0.0",
        f"a=mid:{section.mid}",
        "a=inactive",
        "a=rtcp-mux",
        *_codec_lines(section, section.formats[:1]),
    )
    return Section(section.kind, 0, section.protocol, section.formats[:1], lines)


def _lines(section: Section, *names: str) -> tuple[str, ...]:
    """The lines of a section that are attributes of these names."""
    prefixes = tuple(f"a={name}:" for name in names)
    return tuple(line for line in section.lines if line.startswith(prefixes))


def _codec_lines(section: Section, formats: Collection[str]) -> tuple[str, ...]:
    lines = _lines(section, *_CODEC_ATTRIBUTES)
    return tuple(line for line in lines if line.partition(":")[2].partition(" ")[0] in formats)


def _described(sections: list[Section], bundled: list[str], version: int, *, ice_lite: bool) -> Description:
    session = (
        "v=0",
        f"o=- 1 {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=msid-semantic: WMS *",
        *(("a=ice-lite",) if ice_lite else ()),
    )
    return Description(session, tuple(sections)).bundling(bundled)
