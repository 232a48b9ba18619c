"""Errors of running workers.

FleetError
└── JobUnknown      no such job was started, or its outcome was already taken
"""

from reelkit.errors import ReelkitError


class FleetError(ReelkitError):
    """Base of this package's errors."""


class JobUnknown(FleetError):
    """No job of this recording is known to the fleet."""
