"""The body that asks for another film of a kept capture."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from reelkit.control.recording_params import MAX_SECONDS, AudioConfig, FileNamePrefix, FilmExtensions, VideoConfig
from reelkit.control.validation import Params

# What is shorter is a mistake more often than a film.
_MIN_RANGE_S = 1.0

FilmTime = Annotated[float, Field(strict=True, ge=0, le=MAX_SECONDS)]


class RenderParams(Params):
    """The media options of the start call, and which part of the recording the film shows.

    Nobody else has this call, so that a field that does not exist is an error. Times count as in the recording's own
    film, in seconds: pauses are not in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    video_config: VideoConfig | None = None
    audio_config: AudioConfig | None = None
    file_name_prefix: FileNamePrefix | None = None
    start_s: FilmTime | None = None
    stop_s: FilmTime | None = None
    reelkit: FilmExtensions | None = None

    @model_validator(mode="after")
    def _range_has_a_length(self) -> Self:
        if self.stop_s is not None and self.stop_s - (self.start_s or 0.0) < _MIN_RANGE_S:
            raise ValueError(f"stop_s must lie at least {_MIN_RANGE_S:g} s behind start_s")
        return self
