"""Errors of making track files.

TracksError
└── StateError      a job's saved state cannot be used
"""

from reelkit.publish.errors import PublishError


class TracksError(PublishError):
    """Base of this package's errors."""


class StateError(TracksError):
    """What an earlier worker saved does not fit the capture or this version."""
