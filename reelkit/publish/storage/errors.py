"""Errors of callers' own storage.

DestinationError
├── StorageRefused      the same call will fail again: credentials, permission, no such bucket, a wrong host key
├── StorageUnavailable  the storage is down, slow or broken; worth another try
└── UploadUnknown       the storage no longer knows the upload: it has to begin anew

Messages are written for callers and logs. They hold what the storage said by its documented code, never what was sent
to it.
"""

from reelkit.errors import Fault
from reelkit.publish.errors import PublishError


class DestinationError(PublishError):
    """Base of what goes wrong with callers' storage."""

    fault = Fault.DESTINATION


class StorageRefused(DestinationError):
    """Nothing will change by itself: whoever gave the storage_config has to act."""

    fault = Fault.CALLER


class StorageUnavailable(DestinationError):
    """The storage may be there again later."""

    retry = True


class UploadUnknown(DestinationError):
    """The id of an upload means nothing (any more), or a part of it is missing."""
