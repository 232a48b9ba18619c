"""Where a page that is to be recorded stands, as its worker tells it."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class PageState(StrEnum):
    OPENING = "opening"
    """The browser starts, or the page is loaded, or it has not said yet that it is to be recorded."""
    READY = "ready"
    """It is to be recorded from ``since_s`` on."""
    ENDED = "ended"
    """The page itself has ended its recording."""
    FAILED = "failed"
    """There is no page any more, and none will come; ``reason`` says why."""


class PageStatus(BaseModel):
    """The state of one page."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: PageState
    since_s: float
    """Wall-clock seconds."""
    reason: str | None = None
    """For a person: why it failed or ended."""
    everybody_left: bool = False
    """Of a page that ended: nobody was in the meeting any more."""
    reloads: int = 0
    """How often it had to be opened anew."""
