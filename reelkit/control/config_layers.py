"""What a recording is asked to be is said in three places: the start call, the meeting, the app. Here they become one.

The start call lies over the meeting's ``recording_config``, that over the app's. They are merged field by field,
objects within objects too, so that a call which sets the width keeps the app's codec. A few objects are one value each
(:data:`WHOLE`). A field that is null counts as not given, as in every body; ``reelkit.without`` of the start call
takes out what the layers below say.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from reelkit.control.errors import Invalid
from reelkit.control.recording_params import RecordingConfig, RecordingParams
from reelkit.control.track_params import TrackRecordingParams

P = TypeVar("P", RecordingParams, TrackRecordingParams)

WHOLE = frozenset({"storage_config", "video_config.watermark.size"})
"""Fields of two of these do not mix: half of two storages opens neither, and a width of one image with the height of
another one distorts both."""

# A layer below calls it by another name than the start call does.
_BELOW = {"live_streaming_config": "rtmp_out_config"}
# Tracks have no pictures, and names and sound of their own.
_OF_TRACKS = frozenset({"max_seconds", "realtimekit_bucket_config", "storage_config"})


class Layer(StrEnum):
    """Where a field comes from; the value is what a sentence calls it."""

    START = "the start call"
    MEETING = "the meeting's recording_config"
    APP = "the app's recording-config"


@dataclass(frozen=True, slots=True)
class Layered(Generic[P]):
    """The merged configuration of one recording."""

    params: P
    origins: Mapping[str, Layer]
    """By the path of a field, such as ``video_config.codec``, the layer that it comes from."""

    def below_start(self, field: str) -> Layer | None:
        """The upper one of the layers below the start call that say something of ``field``, if the start call says
        nothing of it."""
        layers = {layer for path, layer in self.origins.items() if _lies_in(path, field)}
        upper_first = (Layer.START, Layer.MEETING, Layer.APP)
        upper = next((layer for layer in upper_first if layer in layers), Layer.START)
        return upper if upper is not Layer.START else None

    @contextmanager
    def naming_layers(self) -> Iterator[None]:
        """What is found to be Invalid inside says which layers below the start call the fields come from that it names:
        the caller cannot find them in what they sent."""
        try:
            yield
        except Invalid as error:
            raise self._explained(error) from error

    def _explained(self, error: Invalid) -> Invalid:
        below = [
            (path, layer)
            for path, layer in self.origins.items()
            if layer is not Layer.START and (path in error.message or _lies_in(path, error.field))
        ]
        if not below:
            return error
        where = "; ".join(
            f"{path} comes from {layer}" + (f", where it is {other}" if (other := _name_below(path)) != path else "")
            for path, layer in below
        )
        return Invalid(f"{error.message} ({where})", field=error.field)


def layered_recording(
    start: RecordingParams, meeting: RecordingConfig | None, app: RecordingConfig | None
) -> Layered[RecordingParams]:
    """What the start call of a film asks for over its meeting and its app."""
    merged, origins = _merged(start, meeting, app)
    return Layered(RecordingParams.model_validate(merged), origins)


def layered_tracks(
    start: TrackRecordingParams, meeting: RecordingConfig | None, app: RecordingConfig | None
) -> Layered[TrackRecordingParams]:
    """The same of a track recording, to which only where its files go and how long it may be mean anything."""
    merged, origins = _merged(start, meeting, app, only=_OF_TRACKS)
    return Layered(TrackRecordingParams.model_validate(merged), origins)


def patched(config: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A stored configuration with the given fields changed, by the same rules; null takes a field out."""
    return _over(patch, config, "")


def _merged(
    start: RecordingParams | TrackRecordingParams,
    meeting: RecordingConfig | None,
    app: RecordingConfig | None,
    *,
    only: frozenset[str] | None = None,
) -> tuple[dict[str, Any], dict[str, Layer]]:
    merged: dict[str, Any] = {}
    origins: dict[str, Layer] = {}
    for layer, config in ((Layer.APP, app), (Layer.MEETING, meeting)):
        if config is not None:
            given = _renamed(config.model_dump(exclude_none=True))
            upper = {name: value for name, value in given.items() if only is None or name in only}
            merged = _over(upper, merged, "")
            origins = _claimed(origins, upper, layer)
    for path in (start.reelkit.without or ()) if start.reelkit is not None else ():
        merged = _taken_out(merged, path.split("."))
        origins = {name: layer for name, layer in origins.items() if not _lies_in(name, path)}
    asked = start.model_dump(exclude_none=True)
    return _over(asked, merged, ""), _claimed(origins, asked, Layer.START)


def _over(upper: Mapping[str, Any], lower: Mapping[str, Any], at: str) -> dict[str, Any]:
    result = dict(lower)
    for name, value in upper.items():
        path, below = f"{at}{name}", lower.get(name)
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and path not in WHOLE:
            result[name] = _over(value, below if isinstance(below, dict) else {}, f"{path}.")
        else:
            result[name] = value
    return result


def _claimed(origins: Mapping[str, Layer], given: Mapping[str, Any], layer: Layer) -> dict[str, Layer]:
    claimed = dict(_leaves(given, ""))
    replaced = {path for path in claimed if path in WHOLE}
    kept = {
        path: earlier
        for path, earlier in origins.items()
        if path not in claimed and not any(_lies_in(path, whole) for whole in replaced)
    }
    return {**kept, **dict.fromkeys(claimed, layer)}


def _leaves(given: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    for name, value in given.items():
        path = f"{at}{name}"
        if isinstance(value, dict) and value and path not in WHOLE:
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value


def _taken_out(config: Mapping[str, Any], path: list[str]) -> dict[str, Any]:
    name, *rest = path
    result = dict(config)
    if rest and isinstance(result.get(name), dict):
        result[name] = _taken_out(result[name], rest)
    elif not rest:
        result.pop(name, None)
    return result


def _renamed(config: dict[str, Any]) -> dict[str, Any]:
    return {_BELOW.get(name, name): value for name, value in config.items()}


def _name_below(path: str) -> str:
    first, dot, rest = path.partition(".")
    return next((below for below, above in _BELOW.items() if above == first), first) + dot + rest


def _lies_in(path: str, field: str) -> bool:
    """Whether ``path`` is ``field``, in it, or around it."""
    return bool(field) and (f"{path}.".startswith(f"{field}.") or f"{field}.".startswith(f"{path}."))
