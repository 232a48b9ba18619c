"""API tokens: what opens an account, or one app of it, for programs."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from reelkit.db.tokens import TokenRow

# The register's own key.
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """An API token without its text, which only its owner knows. Without ``app_id`` it opens the whole account."""

    id: str
    account_id: str
    app_id: str | None
    name: str
    email: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: TokenRow) -> Self:
        return cls(
            id=row.id,
            account_id=row.account_id,
            app_id=row.app_id,
            name=row.name,
            email=row.email,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )

    def expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def opens_account(self, now: datetime) -> bool:
        """Whether it can be used for everything now."""
        return self.app_id is None and self.revoked_at is None and not self.expired(now)


class TokenRegister:
    """All tokens in memory, found in a time that depends neither on how many there are nor on which one is sought."""

    def __init__(self) -> None:
        # Places in the table tell nothing about digests to whoever does not know this key.
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._found: dict[bytes, tuple[str, ApiToken]] = {}

    def put(self, sha256: str, token: ApiToken) -> None:
        """Adds a token, or what has changed about it."""
        self._found[self._place(sha256)] = (sha256, token)

    def find(self, text: str) -> ApiToken | None:
        """The token with this text, whether it is still good or not."""
        given = digest(text)
        sha256, token = self._found.get(self._place(given), ("", None))
        return token if hmac.compare_digest(sha256, given) else None

    def _place(self, sha256: str) -> bytes:
        return hmac.digest(self._key, sha256.encode(), "sha256")


def digest(text: str) -> str:
    """Under which a token is kept: that is enough for one with 256 random bits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
