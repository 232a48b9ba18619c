"""Errors of uploads, beside those of the storage itself (:mod:`reelkit.publish.storage.errors`).

UploadError
├── UploadGaveUp        the storage was down for too long
└── SourceLost          the finished file is not what was to be sent
"""

from reelkit.errors import Fault
from reelkit.publish.errors import PublishError


class UploadError(PublishError):
    """Base of this package's errors."""


class UploadGaveUp(UploadError):
    """The storage had its time. What it has of the file stays there: another attempt goes on with it."""

    fault = Fault.DESTINATION


class SourceLost(UploadError):
    """The file that was to be sent is gone or too short."""
