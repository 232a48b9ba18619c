"""What people may do by the word of somebody in the meeting."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict

from reelkit.rooms.preset import CanProduce
from reelkit.rooms.proto.preset_pb2 import PresetUpdates

_CAN_PRODUCE: Mapping[str, CanProduce] = {
    # The SDK takes NONE for ALLOWED.
    "STREAM_PERMISSION_TYPE_NONE": CanProduce.ALLOWED,
    "STREAM_PERMISSION_TYPE_ALLOWED": CanProduce.ALLOWED,
    "STREAM_PERMISSION_TYPE_NOT_ALLOWED": CanProduce.NOT_ALLOWED,
    "STREAM_PERMISSION_TYPE_CAN_REQUEST": CanProduce.CAN_REQUEST,
}


class ChangedPermissions:
    """Changes for participants, for as long as the session lasts: nobody loses one by coming back."""

    def __init__(self) -> None:
        self._patches: dict[str, PresetUpdates] = {}
        """By user id."""

    def add(self, user_id: str, patch: PresetUpdates) -> None:
        """A change for somebody who is there."""
        self._patches.setdefault(user_id, PresetUpdates()).MergeFrom(patch)

    def of(self, user_id: str) -> PresetUpdates | None:
        """All that was changed for a participant; None if nothing was."""
        return self._patches.get(user_id)

    def in_words(self, user_id: str) -> dict[str, Any]:
        """The same in a preset's words; empty if nothing was changed."""
        return _permissions_of(self._patches.get(user_id, PresetUpdates()))


def _permissions_of(patch: PresetUpdates) -> dict[str, Any]:
    """A patch in a preset's words."""
    permissions = MessageToDict(patch, preserving_proto_field_name=True)
    for part in permissions.get("media", {}).values():
        if "can_produce" in part:
            part["can_produce"] = _CAN_PRODUCE.get(str(part["can_produce"]), CanProduce.NOT_ALLOWED)
    return permissions
