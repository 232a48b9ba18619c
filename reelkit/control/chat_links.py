"""Links to what was written in sessions, as callers get them in answers and webhooks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reelkit.clock import Clock, utc
from reelkit.control.links import HostedLinks

CHAT_ROUTE = "bucket/chats"
"""The first part of each link's path: with other downloads, where proxies and limits expect them."""
CHAT_FILE = "chat.csv"
"""The last part of it."""


@dataclass(frozen=True, slots=True)
class ChatLink:
    """A signed link to a session's chat."""

    url: str
    expires_at: datetime


class ChatLinks:
    """Makes links to this server's route of chats.

    A link lives for ``lifetime_s``, but not longer than the chat, which is kept for ``keep_for_s`` after the session's
    end.
    """

    def __init__(self, links: HostedLinks, clock: Clock, *, lifetime_s: float, keep_for_s: float) -> None:
        self._links = links
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime_s)
        self._keep_for = timedelta(seconds=keep_for_s)

    def gone_at(self, ended_at: datetime | None) -> datetime:
        """When the chat of a session is deleted that ended then; that of a live one, if it ended now."""
        return (ended_at or utc(self._clock.time_s())) + self._keep_for

    def to(self, app_id: str, session_id: str, ended_at: datetime | None) -> ChatLink:
        """A link to the chat of a session that is kept."""
        expires_at = min(utc(self._clock.time_s()) + self._lifetime, self.gone_at(ended_at))
        # A signed expiry has whole seconds.
        expires_at = expires_at.replace(microsecond=0)
        url = self._links.signed(CHAT_ROUTE, app_id, session_id, CHAT_FILE, expires_at.timestamp())
        return ChatLink(url, expires_at)
