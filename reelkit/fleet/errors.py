"""Errors of running workers.

FleetError
├── JobUnknown      no such job was started, or its outcome was already taken
└── JobNotStarted   the fleet could not take the job; worth another try
"""

from reelkit.errors import ReelkitError


class FleetError(ReelkitError):
    """Base of this package's errors."""


class JobUnknown(FleetError):
    """No job of this recording is known to the fleet."""


class JobNotStarted(FleetError):
    """There is no worker for the job, or its directory cannot be written."""

    retry = True
