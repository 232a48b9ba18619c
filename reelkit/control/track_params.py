"""The body that starts a track recording.

The reference page *Start recording participant audio tracks* has ``meeting_id``, ``layers`` and ``user_ids``; video,
several layers, own storage, a limit of time and ``reelkit`` go beyond it.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reelkit.capture.events import MediaKind
from reelkit.control.recording_params import MaxSeconds, RealtimekitBucketConfig
from reelkit.control.storage_config import StorageConfig
from reelkit.control.validation import Flag, Params, Text, UuidText
from reelkit.publish.tracks.spec import TrackLayer, TrackSpec

DEFAULT_LAYER = "default"
DEFAULT_PREFIX = "default"
MAX_USER_IDS = 100
MAX_LAYERS = 10
# File systems allow 255 bytes; two ids, the kinds, the time and the extension need 121.
MAX_PREFIX_LENGTH = 130
_MAX_ID_LENGTH = 255

LayerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]
UserId = Annotated[Text, Field(min_length=1, max_length=_MAX_ID_LENGTH)]


class LayerParams(Params):
    """One layer: files of one kind of media."""

    media_kind: MediaKind | None = None
    file_name_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$", max_length=MAX_PREFIX_LENGTH)] | None = None


def _filled_in(layers: Mapping[str, LayerParams]) -> tuple[TrackLayer, ...]:
    return tuple(
        TrackLayer(
            name=name,
            media_kind=layer.media_kind or MediaKind.AUDIO,
            file_name_prefix=layer.file_name_prefix or DEFAULT_PREFIX,
        )
        for name, layer in layers.items()
    )


def _apart(layers: dict[str, LayerParams]) -> dict[str, LayerParams]:
    """Raises ValueError where files of two layers would have the same names."""
    names = [(layer.media_kind, layer.file_name_prefix) for layer in _filled_in(layers)]
    if len(set(names)) != len(names):
        raise ValueError("layers of the same media kind must have different file name prefixes")
    return layers


class TrackExtensions(BaseModel):
    """What track recordings can be beyond RealtimeKit; an unknown field is an error."""

    # Nobody else sends it.
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    keep_capture: Flag | None = None
    """As in the start call of other recordings."""
    without: list[Literal["storage_config"]] | None = None
    """Likewise."""


class TrackRecordingParams(Params):
    """The body that starts a track recording."""

    meeting_id: UuidText
    layers: Annotated[dict[LayerName, LayerParams], Field(max_length=MAX_LAYERS), AfterValidator(_apart)] | None = None
    """Groups of files, by name; one layer ``default`` of audio if it is left out."""
    user_ids: Annotated[list[UserId], Field(min_length=1, max_length=MAX_USER_IDS)] | None = None
    """Ids of participants, or those that their applications gave them (``custom_participant_id``); everybody if it is
    left out."""
    storage_config: StorageConfig | None = None
    realtimekit_bucket_config: RealtimekitBucketConfig | None = None
    max_seconds: MaxSeconds | None = None
    reelkit: TrackExtensions | None = None

    def tracks(self) -> TrackSpec:
        """The same with what is left out filled in: a layer of sound, named and prefixed ``default``."""
        return TrackSpec(
            layers=_filled_in(self.layers or {DEFAULT_LAYER: LayerParams()}),
            user_ids=None if self.user_ids is None else tuple(dict.fromkeys(self.user_ids)),
        )
