"""Errors of the database.

DatabaseError
├── DatabaseUnusable      it cannot be opened or migrated: the operator must look
├── DatabaseUnavailable   a statement failed for a reason outside of it (disk full, locked, connection lost)
└── ConstraintViolated    a row would break a constraint, such as a second running recording of a meeting
"""

from reelkit.errors import ReelkitError


class DatabaseError(ReelkitError):
    """Base of this package's errors."""


class DatabaseUnusable(DatabaseError):
    """The database cannot be opened, or was made by a newer Reelkit."""


class DatabaseUnavailable(DatabaseError):
    """The database did not take a statement now."""

    retry = True


class ConstraintViolated(DatabaseError):
    """A row contradicts one that is there already, or refers to one that is not."""
