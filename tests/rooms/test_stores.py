"""Shared stores and their limits."""

import pytest

from reelkit.rooms import stores as stores_module
from reelkit.rooms.errors import LimitExceeded
from reelkit.rooms.stores import StoreItem, Stores

NAME = ("plugin", "board")


def item(key: str, payload: bytes = b"1") -> StoreItem:
    return StoreItem(key, payload, "peer", 0)


def keys(stores: Stores, *wanted: str) -> list[str]:
    return [entry.key for entry in stores.get(NAME, wanted)]


def test_items() -> None:
    stores = Stores()
    assert keys(stores) == []
    stores.insert(NAME, [item("a"), item("b")])
    stores.insert(NAME, [item("a", b"2")])
    assert keys(stores) == ["a", "b"]
    assert keys(stores, "b", "missing") == ["b"]
    assert stores.get(NAME, ["a"])[0].payload == b"2"
    assert stores.get(("other", "board")) == []
    stores.delete(NAME, ["a", "missing"])
    assert keys(stores) == ["b"]
    stores.drop(NAME)
    stores.drop(NAME)
    assert keys(stores) == []


def test_limits_count_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores_module, "MAX_TOTAL_BYTES", len("pluginboard") + 10)
    monkeypatch.setattr(stores_module, "MAX_KEYS", 3)
    stores = Stores()
    stores.insert(NAME, [item("a", b"12345678")])
    # Replacing gives the old value's room back.
    stores.insert(NAME, [item("a", b"123456789")])
    with pytest.raises(LimitExceeded):
        stores.insert(NAME, [item("b", b"1")])
    assert keys(stores) == ["a"]
    stores.delete(NAME, ["a"])
    stores.insert(NAME, [item(key, b"") for key in "abc"])
    with pytest.raises(LimitExceeded):
        stores.insert(("other", "store"), [item("d", b"")])


def test_a_key_that_is_asked_for_again_and_again_is_given_once() -> None:
    stores = Stores()
    stores.insert(NAME, [item("a"), item("b")])
    assert keys(stores, *["b", "a"] * 1_000) == ["b", "a"]


def test_names_of_stores_count_and_empty_stores_do_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores_module, "MAX_TOTAL_BYTES", 20)
    stores = Stores()
    stores.insert(("plugin", "n" * 1_000), [])
    assert stores.names() == []
    with pytest.raises(LimitExceeded):
        stores.insert(("plugin", "n" * 20), [item("a")])
    stores.insert(NAME, [item("a")])
    assert stores.names() == [NAME]
    stores.delete(NAME, ["a"])
    assert stores.names() == []
    stores.insert(("other", "board"), [item("a")])
