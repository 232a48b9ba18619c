"""What is sent about the page of a recording."""

from typing import Self

from pydantic import Field

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.clock import utc
from reelkit.page.status import PageState, PageStatus


class PageWire(WireModel):
    """How a page does."""

    state: PageState = Field(
        description="opening: it is being loaded, or has not said yet that it is to be recorded; ready: it is "
        "recorded; ended: it ended its recording, or the recording is over; failed: there is no page any more."
    )
    url: str = Field(description="Without query and fragment, which are never shown.")
    since: Timestamp = Field(description="When this state began.")
    reason: Absent[str] = Field(None, description="Why it failed or ended.")
    reloads: int = Field(description="How often it had to be opened anew.")

    @classmethod
    def of(cls, url: str, status: PageStatus) -> Self:
        return cls(
            state=status.state,
            url=url,
            since=utc(status.since_s),
            reason=status.reason,
            reloads=status.reloads,
        )
