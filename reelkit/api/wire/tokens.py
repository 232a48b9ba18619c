"""API tokens as they are shown: an extension that RealtimeKit does not have."""

from typing import Self

from reelkit.api.envelope import Absent, Mirror, Timestamp
from reelkit.control.api_token import ApiToken


class TokenEntry(Mirror):
    """An API token without its text. Without ``app_id`` it opens the whole account, without ``expires_at`` for ever."""

    id: str
    name: str
    app_id: Absent[str] = None
    email: Absent[str] = None
    created_at: Timestamp
    expires_at: Absent[Timestamp] = None
    last_used_at: Absent[Timestamp] = None
    revoked_at: Absent[Timestamp] = None


class NewToken(TokenEntry):
    """An API token that was just made, with its text, which is told only here."""

    token: str

    @classmethod
    def with_text(cls, token: ApiToken, text: str) -> Self:
        return cls(**TokenEntry.of(token).model_dump(), token=text)
