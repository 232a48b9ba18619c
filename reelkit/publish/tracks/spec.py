"""What tracks are asked for."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reelkit.capture.events import MediaKind, Source

StreamKind = Literal["peer", "screenshare"]
"""As the hosted service names them in files: a microphone or camera, or what belongs to a shared screen."""

STREAM_KINDS: dict[Source, StreamKind] = {
    Source.MICROPHONE: "peer",
    Source.CAMERA: "peer",
    Source.SCREEN: "screenshare",
    Source.SCREEN_AUDIO: "screenshare",
}


class TrackLayer(BaseModel):
    """A group of files that are alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "default"
    media_kind: MediaKind = MediaKind.AUDIO
    file_name_prefix: str = "default"


class TrackSpec(BaseModel):
    """Whose tracks are recorded, and of which kinds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: tuple[TrackLayer, ...] = Field((TrackLayer(),), min_length=1)
    user_ids: tuple[str, ...] | None = None
    """Ids of participants, or the ids that their applications gave them; None for everybody."""

    @model_validator(mode="after")
    def _files_have_different_names(self) -> Self:
        if len({layer.name for layer in self.layers}) != len(self.layers):
            raise ValueError("layers must have different names")
        if len({(layer.media_kind, layer.file_name_prefix) for layer in self.layers}) != len(self.layers):
            raise ValueError("layers of the same media kind must have different file name prefixes")
        return self

    def allows(self, participant_id: str, custom_participant_id: str | None) -> bool:
        """Whether what a participant sends is recorded."""
        return self.user_ids is None or participant_id in self.user_ids or custom_participant_id in self.user_ids
