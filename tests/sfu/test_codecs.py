"""Which of a browser's codecs the SFU accepts."""

from collections.abc import Collection
from pathlib import Path

import pytest

from reelkit.rooms.negotiation import resending_sound
from reelkit.rooms.sdp import Description, Section
from reelkit.sfu import Sfu
from tests.rooms.sdp_texts import sdp

pytestmark = pytest.mark.e2e


def only(section: Section, codecs: Collection[str]) -> Section:
    """A section that offers these codecs alone."""
    names = {value.split(" ")[0]: value.split(" ")[1].partition("/")[0] for value in section.attributes("rtpmap")}
    formats = tuple(number for number in section.formats if names.get(number) in codecs)
    lines = tuple(
        line
        for line in section.lines
        if not line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"))
        or line.partition(":")[2].partition(" ")[0] in formats
    )
    return Section(section.kind, section.port, section.protocol, formats, lines)


async def answer(sfu: Sfu, directory: Path, offer: Description) -> Description:
    room = await sfu.create_room("codecs", directory / "rtp")
    publisher = await room.publisher("ada", "Ada")
    answered = Description.parse(await publisher.join_and_configure(offer.text()))
    await room.destroy()
    return answered


def offering(codecs: Collection[str]) -> Description:
    """Chromium's first offer, in which the camera has these codecs alone."""
    offer = Description.parse(sdp("chromium_send_connect_offer"))
    sections = tuple(only(each, codecs) if each.kind == "video" else each for each in offer.sections)
    return Description(offer.session, sections)


@pytest.mark.parametrize(
    ("codecs", "accepted"),
    [
        (("VP8", "VP9", "H264", "AV1"), "vp8"),
        (("VP9", "H264", "AV1"), "h264"),
        (("VP9", "AV1"), "vp9"),
    ],
)
async def test_the_cheapest_codec_is_chosen(sfu: Sfu, tmp_path: Path, codecs: Collection[str], accepted: str) -> None:
    section = (await answer(sfu, tmp_path, offering(codecs))).sections[1]
    assert not section.rejected
    assert section.codecs[0] == accepted
    if accepted == "vp9":
        assert any("profile-id=0" in value for value in section.attributes("fmtp"))


async def test_av1_is_rejected(sfu: Sfu, tmp_path: Path) -> None:
    section = (await answer(sfu, tmp_path, offering(("AV1",)))).sections[1]
    assert section.rejected or section.direction == "inactive" or not section.codecs


async def test_sound_is_opus_without_redundancy_and_sent_again(sfu: Sfu, tmp_path: Path) -> None:
    offer = Description.parse(sdp("chromium_send_connect_offer"))
    assert "red" in offer.sections[0].codecs
    section = (await answer(sfu, tmp_path, resending_sound(offer))).sections[0]
    assert section.codecs == ["opus"]
    assert any("useinbandfec=1" in value for value in section.attributes("fmtp"))
