"""Errors of finishing and delivering.

PublishError
├── FilmError           the segments could not be joined into a film
├── RecordError         a file is no integrity record
├── StorageError        the hosted bucket could not be written or read; worth another try
└── LinkError           a download link is not valid
    ├── LinkTampered
    └── LinkExpired
"""

from reelkit.errors import Fault, ReelkitError


class PublishError(ReelkitError):
    """Base of this package's errors."""


class FilmError(PublishError):
    """Segments do not fit together, or the film cannot be written."""


class RecordError(PublishError):
    """What was given as a record of integrity is none."""

    fault = Fault.CALLER


class StorageError(PublishError):
    """The directory behind the hosted bucket refused; the same call may succeed later."""

    retry = True


class LinkError(PublishError):
    """A download link must not be honoured."""

    fault = Fault.CALLER


class LinkTampered(LinkError):
    """The signature does not belong to the path and expiry it came with."""


class LinkExpired(LinkError):
    """The signature is right but its time is over."""
