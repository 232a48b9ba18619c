"""Errors of meetings. What is raised while a request is handled reaches the client as an error reply.

RoomError
├── MalformedMessage     not a message of the protocol
├── UnsupportedEvent     an event number that nothing here handles
├── NotPermitted         the preset does not allow it
├── WrongState           the request comes too early or too late: not joined, no such transport
├── NotFound             unknown peer, producer or chat message
├── BadDescription       a session description that cannot be used
├── LimitExceeded        too large, too many or too often
├── MediaUnavailable     the SFU is restarting
├── JournalUnavailable   a recording's mark cannot be written: the disk is full, most likely
├── PeerRefused          the connection is not let in
└── RoomClosed           the session has ended
"""

from reelkit.errors import Fault, ReelkitError


class RoomError(ReelkitError):
    """Base of this package's errors."""

    fault = Fault.CALLER


class MalformedMessage(RoomError):
    """The bytes are no message of the protocol."""


class UnsupportedEvent(RoomError):
    """Nothing here handles this event number, or this use of it."""


class NotPermitted(RoomError):
    """The participant's preset does not allow it."""

    fault = Fault.MEETING


class WrongState(RoomError):
    """The request does not fit what the peer did before, for example producing before joining."""


class NotFound(RoomError):
    """The peer, producer or message that the request names is not there (any more)."""


class BadDescription(RoomError):
    """A session description cannot be parsed or lacks what is needed."""


class LimitExceeded(RoomError):
    """Too large, too many or too often."""


class MediaUnavailable(RoomError):
    """The SFU is restarting; the same request may succeed shortly."""

    fault = Fault.SYSTEM
    retry = True


class JournalUnavailable(RoomError):
    """A recording's mark cannot be written, and without it there would be no film; the disk is full, most likely."""

    fault = Fault.SYSTEM
    retry = True


class PeerRefused(RoomError):
    """The connection is not let into the room."""


class RoomClosed(RoomError):
    """The session has ended."""

    fault = Fault.MEETING
