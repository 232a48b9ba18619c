"""What can go wrong while a film is rendered.

    RenderError
    ├── TimelineError    asked for an instant that the film does not hold, or went back in time
    ├── CheckpointError  a checkpoint does not belong to this capture and config
    └── MediaError       a codec of this machine is missing or refuses its settings

Media that a participant sent and that does not decode is no error: the film shows what can be shown.
"""

from reelkit.errors import ReelkitError


class RenderError(ReelkitError):
    """Base of the renderer's errors."""


class TimelineError(RenderError):
    """An instant outside the film, or time that runs backwards."""


class CheckpointError(RenderError):
    """A checkpoint that cannot be continued from: rendering has to begin anew."""


class MediaError(RenderError):
    """A codec is missing or refuses its settings."""
