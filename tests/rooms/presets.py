"""Presets by what is special about them."""

from typing import Any

from reelkit.rooms.preset import merged
from tests.rooms.meeting import PEOPLE


def preset(name: str = "special", *, view_type: str = "GROUP_CALL", **permissions: Any) -> dict[str, Any]:
    """People's preset with other permissions."""
    return merged(PEOPLE, {"name": name, "config": {"view_type": view_type}, "permissions": permissions})


def sending(can_produce: str) -> dict[str, Any]:
    """The ``media`` of a preset that has the same for all kinds."""
    return {kind: {"can_produce": can_produce} for kind in ("audio", "video", "screenshare")}
