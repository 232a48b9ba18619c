"""AMF 0 against the byte layouts of its specification (Adobe, December 2007, 2.2 to 2.14)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.publish.rtmp import amf0
from reelkit.publish.rtmp.errors import ProtocolViolation

CONNECT = bytes.fromhex(
    "02 0007 636f6e6e656374"  # "connect"
    "00 3ff0000000000000"  # 1.0
    "03"  # an object
    "0003 617070 02 0004 6c697665"  # app: "live"
    "0005 617564696f 01 01"  # audio: true
    "0004 6e6f6e65 05"  # none: null
    "0000 09"
)


def test_a_command_as_the_specification_lays_it_out() -> None:
    values: tuple[amf0.Value, ...] = ("connect", 1.0, {"app": "live", "audio": True, "none": None})
    assert amf0.encode(*values) == CONNECT
    assert amf0.decode(CONNECT) == list(values)


def test_metadata_are_an_ecma_array() -> None:
    data = amf0.encode(amf0.EcmaArray(width=640.0))
    assert data == bytes.fromhex("08 00000001 0005 7769647468 00 4084000000000000 000009")
    assert amf0.decode(data) == [{"width": 640.0}]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("06", None),
        ("0a 00000002 0101 0100", [True, False]),
        ("0b 4073b00000000000 0000", 315.0),
        ("0c 00000003 616263", "abc"),
    ],
    ids=["undefined", "strict array", "date", "long string"],
)
def test_what_only_servers_send(data: str, value: amf0.Value) -> None:
    assert amf0.decode(bytes.fromhex(data)) == [value]


def test_a_text_over_64_kib_is_a_long_string() -> None:
    text = "x" * 70_000
    data = amf0.encode(text)
    assert data[:5] == bytes.fromhex("0c 00011170")
    assert amf0.decode(data) == [text]


def test_broken_commands_are_refused() -> None:
    for cut in range(1, len(CONNECT)):
        if cut not in (10, 19):  # these end behind a whole value
            with pytest.raises(ProtocolViolation):
                amf0.decode(CONNECT[:cut])
    with pytest.raises(ProtocolViolation, match="unknown type"):
        amf0.decode(b"\x7f")
    with pytest.raises(ProtocolViolation, match="nested"):
        amf0.decode(bytes.fromhex("0a00000001") * 40)


@given(st.binary(max_size=60))
def test_any_bytes_give_values_or_are_refused(data: bytes) -> None:
    with suppress(ProtocolViolation):
        amf0.decode(data)
