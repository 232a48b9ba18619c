"""Errors of commands that talk to a server.

CommandError
├── WrongUsage    an option is missing or wrong, or a file that it names: exit status 2
├── NoServer      no server answers where one should
├── Refused       the server refused the request and says why
├── ServerFailed  the server could not do it now, or its answer is of no use
└── FileTrouble   a file could not be brought here, or is not what the server says it is
"""

from reelkit.errors import Fault, ReelkitError


class CommandError(ReelkitError):
    """Base of this package's errors. ``message`` is one line for the terminal."""

    exit_status = 1


class WrongUsage(CommandError):
    """The command was called with too little, or with what contradicts itself."""

    fault = Fault.CALLER
    exit_status = 2


class NoServer(CommandError):
    """Nothing answers at the address."""

    retry = True


class Refused(CommandError):
    """The request is wrong, or not permitted: the caller must change it."""

    fault = Fault.CALLER


class NotThere(Refused):
    """What the request is about does not exist: HTTP 404."""


class ServerFailed(CommandError):
    """The server or its machine failed: the operator must look."""

    retry = True


class FileTrouble(CommandError):
    """A disk that is full, a link that has ended, a hash that differs."""
