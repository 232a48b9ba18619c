"""The kept chat."""

import pytest

from reelkit.rooms import chat as chat_module
from reelkit.rooms.chat import Chat
from reelkit.rooms.errors import NotFound


def add(chat: Chat, text: str, time_s: float = 1.0, targets: tuple[str, ...] = ()) -> str:
    return chat.add(
        peer_id="p", user_id="u", name="n", payload_type=0, payload=text, time_s=time_s, targets=targets
    ).chat_id


def texts(chat: Chat, user_id: str = "u") -> list[str]:
    return [message.payload for message in chat.visible_to(user_id)]


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "MAX_MESSAGES", 2)
    chat = Chat()
    for text in "abc":
        add(chat, text)
    assert texts(chat) == ["b", "c"]


def test_private_messages() -> None:
    chat = Chat()
    add(chat, "secret", targets=("v",))
    assert [texts(chat, user) for user in "uvw"] == [["secret"], ["secret"], []]


def test_messages_that_were_sent_do_not_change() -> None:
    chat = Chat()
    chat_id = add(chat, "a")
    before = chat.get(chat_id)
    after = chat.replace(chat_id, payload="b", payload_type=3, pinned=True)
    assert (before.payload, before.is_edited) == ("a", False)
    assert (after.payload, after.payload_type, after.is_edited, after.pinned) == ("b", 3, True, True)
    chat.delete(chat_id)
    with pytest.raises(NotFound):
        chat.get(chat_id)


def test_pages() -> None:
    chat = Chat()
    for second in range(1, 6):
        add(chat, str(second), time_s=second)

    def page(from_ms: int, *, backwards: bool, offset: int = 0) -> tuple[list[str], bool]:
        messages, more = chat.page(
            "u", from_ms=from_ms, size=2, offset=offset, backwards=backwards, wanted=lambda _: True
        )
        return [message.payload for message in messages], more

    assert page(4_000, backwards=True) == (["4", "3"], True)
    assert page(4_000, backwards=True, offset=2) == (["2", "1"], False)
    assert page(3_000, backwards=False) == (["3", "4"], True)
    assert page(9_000, backwards=False) == ([], False)


def test_the_oldest_are_forgotten_when_all_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "MAX_TOTAL_BYTES", 1_000)
    chat = Chat()
    first = add(chat, "a" * 300)
    add(chat, "b" * 300)
    chat.replace(first, payload="A" * 300)
    add(chat, "c" * 300)
    assert [text[0] for text in texts(chat)] == ["b", "c"]
    # Targets take room as well, and what is deleted gives its room back.
    chat.delete(add(chat, "d", targets=("t" * 300,)))
    assert [text[0] for text in texts(chat)] == ["c"]
    add(chat, "e" * 300)
    assert [text[0] for text in texts(chat)] == ["c", "e"]
