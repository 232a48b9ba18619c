"""Shared stores of plugins and applications."""

from collections.abc import Iterable

from reelkit.rooms.events import PluginEvent
from reelkit.rooms.handlers.route import Need, Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto import plugin_pb2
from reelkit.rooms.room import Room
from reelkit.rooms.stores import StoreItem, StoreName

MS_PER_S = 1_000


async def insert_keys(
    room: Room, peer: Peer, request: plugin_pb2.PluginStoreInsertKeysRequest
) -> plugin_pb2.PluginStoreResponse:
    peer.require_rate(request.ByteSize())
    items = _items(room, peer, request.insert_keys)
    name = (request.plugin_id, request.store_name)
    room.stores.insert(name, items)
    return _told(room, peer, PluginEvent.STORE_INSERT_KEYS, name, items)


async def get_keys(
    room: Room, peer: Peer, request: plugin_pb2.PluginStoreGetKeysRequest
) -> plugin_pb2.PluginStoreResponse:
    """The SDK asks for a store of its own before it joins and does not start without an answer; those who are not let
    in yet find every store empty."""
    name = (request.plugin_id, request.store_name)
    if room.waiting_room.bars(peer):
        return _response(name, [])
    return _response(name, room.stores.get(name, [key.store_key for key in request.get_keys]))


async def delete_keys(
    room: Room, peer: Peer, request: plugin_pb2.PluginStoreDeleteKeysRequest
) -> plugin_pb2.PluginStoreResponse:
    peer.require_rate(request.ByteSize())
    name = (request.plugin_id, request.store_name)
    room.stores.delete(name, [key.store_key for key in request.delete_keys])
    return _told(room, peer, PluginEvent.STORE_DELETE_KEYS, name, _items(room, peer, request.delete_keys))


async def drop(room: Room, peer: Peer, request: plugin_pb2.PluginStoreDeleteRequest) -> plugin_pb2.PluginStoreResponse:
    peer.require_rate()
    name = (request.plugin_id, request.store_name)
    room.stores.drop(name)
    return _told(room, peer, PluginEvent.STORE_DELETE, name, [])


def _items(room: Room, peer: Peer, keys: Iterable[plugin_pb2.StoreKeys]) -> list[StoreItem]:
    now_ms = int(room.clock.time_s() * MS_PER_S)
    return [StoreItem(key.store_key, key.payload, peer.id, now_ms) for key in keys]


def _told(
    room: Room, peer: Peer, event: PluginEvent, name: StoreName, items: list[StoreItem]
) -> plugin_pb2.PluginStoreResponse:
    """The reply, after the others got the same."""
    response = _response(name, items)
    room.push(event, response, room.joined_peers(but=peer))
    return response


def _response(name: StoreName, items: Iterable[StoreItem]) -> plugin_pb2.PluginStoreResponse:
    plugin_id, store_name = name
    return plugin_pb2.PluginStoreResponse(
        plugin_id=plugin_id,
        store_name=store_name,
        store_items=[
            plugin_pb2.PluginStoreItem(
                timestamp=str(item.timestamp_ms), peer_id=item.peer_id, store_key=item.key, payload=item.payload
            )
            for item in items
        ],
    )


ROUTES: Routes = {
    PluginEvent.STORE_INSERT_KEYS: Route(plugin_pb2.PluginStoreInsertKeysRequest, insert_keys),
    PluginEvent.STORE_GET_KEYS: Route(plugin_pb2.PluginStoreGetKeysRequest, get_keys, Need.NOTHING),
    PluginEvent.STORE_DELETE_KEYS: Route(plugin_pb2.PluginStoreDeleteKeysRequest, delete_keys),
    PluginEvent.STORE_DELETE: Route(plugin_pb2.PluginStoreDeleteRequest, drop),
}
