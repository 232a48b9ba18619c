"""Presets as the official clients read them."""

from typing import Any, Self

from reelkit.api.envelope import Mirror, Timestamp
from reelkit.control.presets import Preset


class ListedPreset(Mirror):
    """A preset in a list, without its contents."""

    id: str
    name: str
    created_at: Timestamp
    updated_at: Timestamp


class PresetWire(ListedPreset):
    """A whole preset."""

    config: dict[str, Any]
    permissions: dict[str, Any]
    ui: dict[str, Any]

    @classmethod
    def whole(cls, preset: Preset) -> Self:
        """The preset with what its document holds."""
        listed = ListedPreset.of(preset).model_dump()
        parts = {part: preset.document[part] for part in ("config", "permissions", "ui")}
        return cls(**listed, **parts)
