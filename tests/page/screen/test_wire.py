from collections import deque

import pytest

from reelkit.page.errors import ScreenFailed
from reelkit.page.screen.wire import HEADER, Arguments, Requests, event


def test_messages_are_cut_wherever_the_bytes_come() -> None:
    stream = event(7, 3, 1, "two", b"\0\1\2\3\4") + event(8, 0)
    for step in (1, 5, 8, len(stream)):
        requests = Requests()
        found = [each for at in range(0, len(stream), step) for each in requests.feed(stream[at : at + step])]
        assert [(each.object_id, each.opcode) for each in found] == [(7, 3), (8, 0)]
        arguments = Arguments(found[0].body, deque())
        assert (arguments.unsigned(), arguments.string()) == (1, "two")


def test_numbers_keep_their_sign() -> None:
    body = event(1, 0, -5, 0xFFFF_FFFF)[HEADER.size :]
    arguments = Arguments(body, deque())
    assert (arguments.signed(), arguments.unsigned()) == (-5, 0xFFFF_FFFF)


@pytest.mark.parametrize("length", [0, 4, 7, 4_097, 65_535])
def test_an_impossible_length_is_refused(length: int) -> None:
    with pytest.raises(ScreenFailed, match="length"):
        Requests().feed(HEADER.pack(1, length << 16))


def test_what_is_not_there_cannot_be_read() -> None:
    with pytest.raises(ScreenFailed, match="too short"):
        Arguments(b"\0\0", deque()).unsigned()
    with pytest.raises(ScreenFailed, match="too short"):
        Arguments(b"\xff\0\0\0abcd", deque()).string()
    with pytest.raises(ScreenFailed, match="descriptor"):
        Arguments(b"", deque()).descriptor()
