"""The root of every error that Reelkit raises on purpose.

    ReelkitError
    ├── reelkit.egress.errors.EgressError
    ├── reelkit.sfu.errors.SfuError
    ├── reelkit.capture.errors.CaptureError
    ├── reelkit.render.errors.RenderError
    ├── reelkit.page.errors.PageError
    ├── reelkit.publish.errors.PublishError
    ├── reelkit.fleet.errors.FleetError
    ├── reelkit.rooms.errors.RoomError
    ├── reelkit.control.errors.ControlError
    ├── reelkit.control.webhooks.errors.WebhookError
    └── reelkit.commands.errors.CommandError

Each package has one ``errors`` module with its own subclasses. An error says whose fault it is and whether the same
call may succeed later, so that callers decide by type and attribute, never by text.
"""

from enum import StrEnum


class Fault(StrEnum):
    """Who has to act for an error to go away."""

    CALLER = "caller"
    """The request is wrong: the one who sent it must change it."""
    DESTINATION = "destination"
    """Something the caller pointed at (a bucket, a page, an RTMP server) failed or refused."""
    MEETING = "meeting"
    """The meeting does not allow it, or ended."""
    SYSTEM = "system"
    """Reelkit or its machine failed: the operator must look."""


class ReelkitError(Exception):
    """Base of all expected errors.

    ``fault`` and ``retry`` are class-level defaults that a subclass sets and one raise may override; ``context`` holds
    the ids a log line needs (``recording_id``, ``session_id``, …) and never a secret.
    """

    fault: Fault = Fault.SYSTEM
    retry: bool = False

    def __init__(
        self, message: str, *, fault: Fault | None = None, retry: bool | None = None, **context: object
    ) -> None:
        super().__init__(message)
        self.message = message
        if fault is not None:
            self.fault = fault
        if retry is not None:
            self.retry = retry
        self.context = context

    def __str__(self) -> str:
        if not self.context:
            return self.message
        details = ", ".join(f"{name}={value}" for name, value in self.context.items())
        return f"{self.message} ({details})"
