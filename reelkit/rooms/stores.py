"""Key-value stores that the clients of a session share; plugins and applications are built on them."""

from collections.abc import Iterable
from dataclasses import dataclass

from reelkit.rooms.errors import LimitExceeded

# All stores of one session live in memory.
MAX_TOTAL_BYTES = 4 << 20
MAX_KEYS = 5_000

StoreName = tuple[str, str]
"""Plugin id and store name."""


def _name_bytes(name: StoreName) -> int:
    """What a store takes by itself: its name is the client's choice as well."""
    return sum(len(part) for part in name)


@dataclass(frozen=True, slots=True)
class StoreItem:
    """One value, and who wrote it when."""

    key: str
    payload: bytes
    peer_id: str
    timestamp_ms: int

    @property
    def size_bytes(self) -> int:
        return len(self.key) + len(self.payload)


class Stores:
    """All stores of one session."""

    def __init__(self) -> None:
        self._stores: dict[StoreName, dict[str, StoreItem]] = {}
        self._total_bytes = 0
        self._keys = 0

    def insert(self, name: StoreName, items: Iterable[StoreItem]) -> None:
        """Writes items, all or none. Raises LimitExceeded."""
        store = self._stores.get(name, {})
        written = {item.key: item for item in items}
        growth = sum(item.size_bytes for item in written.values())
        growth -= sum(store[key].size_bytes for key in written if key in store)
        added = sum(key not in store for key in written)
        if written and not store:
            growth += _name_bytes(name)
        if self._total_bytes + growth > MAX_TOTAL_BYTES or self._keys + added > MAX_KEYS:
            raise LimitExceeded("the session's stores are full")
        if written:
            self._stores.setdefault(name, {}).update(written)
        self._total_bytes += growth
        self._keys += added

    def get(self, name: StoreName, keys: Iterable[str] = ()) -> list[StoreItem]:
        """The items of these keys that exist, each once; all of the store without keys."""
        store = self._stores.get(name, {})
        # A key is a few bytes and a value many: whoever repeats a key would get far more than the stores can hold.
        wanted = list(dict.fromkeys(keys)) or list(store)
        return [store[key] for key in wanted if key in store]

    def delete(self, name: StoreName, keys: Iterable[str]) -> None:
        """Deletes the items of these keys that exist."""
        store = self._stores.get(name)
        if store is None:
            return
        for key in keys:
            if (item := store.pop(key, None)) is not None:
                self._total_bytes -= item.size_bytes
                self._keys -= 1
        if not store:
            del self._stores[name]
            self._total_bytes -= _name_bytes(name)

    def drop(self, name: StoreName) -> None:
        """Deletes a whole store."""
        self.delete(name, list(self._stores.get(name, {})))

    def names(self) -> list[StoreName]:
        """The stores with something in them."""
        return list(self._stores)
