import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.page.errors import MalformedMessage
from reelkit.page.pulse_protocol import MOST_CHANNELS
from reelkit.page.sample_spec import SampleFormat, SampleSpec
from reelkit.page.tagged_values import TagReader, TagWriter

SPEC = SampleSpec(SampleFormat.FLOAT32LE, 2, 48_000)


def test_what_is_written_can_be_read() -> None:
    writer = TagWriter().numbers(1, 0xFFFF_FFFF).text("größer").text(None).flag(True).flag(False)
    writer.time(1_800_000_000, 999_999).sample_spec(SPEC).positions([1, 2]).volumes([0, 0x10000])
    reader = TagReader(writer.packet)
    assert (reader.number(), reader.number(), reader.text(), reader.text()) == (1, 0xFFFF_FFFF, "größer", None)
    assert (reader.flag(), reader.flag(), reader.time()) == (True, False, (1_800_000_000, 999_999))
    assert (reader.sample_spec(), reader.positions(), reader.volumes()) == (SPEC, (1, 2), (0, 0x10000))
    with pytest.raises(MalformedMessage):
        reader.number()


def test_values_have_the_form_of_pulseaudio() -> None:
    writer = TagWriter().numbers(258).text("a").sample_spec(SPEC).positions([1, 2]).duration(0.5)
    writer.counts(3).positions_in_stream(-1).no_properties()
    assert writer.packet == b"".join(
        [
            b"L\0\0\1\2",
            b"ta\0",
            b"a\5\2\0\0\xbb\x80",
            b"m\2\1\2",
            b"U\0\0\0\0\0\7\xa1\x20",
            b"R\0\0\0\0\0\0\0\3",
            b"r\xff\xff\xff\xff\xff\xff\xff\xff",
            b"PN",
        ]
    )


@pytest.mark.parametrize(
    ("packet", "method"),
    [
        (b"", "number"),
        (b"L\0\0\0", "number"),
        (b"t\0", "number"),
        (b"tabc", "text"),
        (b"L\0\0\0\1", "text"),
        (b"2", "flag"),
        (b"a\5", "sample_spec"),
        (b"m" + bytes([MOST_CHANNELS + 1]) * 64, "positions"),
        (b"v\2\0\0\0\0\0", "volumes"),
        (b"v\xff" + bytes(2_000), "volumes"),
        (b"T\0\0\0\0\0", "time"),
    ],
)
def test_nonsense_is_noticed(packet: bytes, method: str) -> None:
    with pytest.raises(MalformedMessage):
        getattr(TagReader(packet), method)()


@given(st.binary(max_size=64), st.lists(st.sampled_from(["number", "text", "flag", "time", "volumes", "positions"])))
def test_nothing_else_is_raised(packet: bytes, methods: list[str]) -> None:
    reader = TagReader(packet)
    try:
        for method in methods:
            getattr(reader, method)()
    except MalformedMessage:
        return
