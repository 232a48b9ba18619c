"""Operators' tokens: who may use the API of an account.

Only a SHA-256 of a token is kept. That is enough for a token with 256 random bits; an operator who chooses their own
should choose one as long.
"""

import hashlib
import hmac
import secrets

from reelkit.clock import Clock, utc
from reelkit.control.errors import Unauthorized
from reelkit.db import Database
from reelkit.db.tokens import TokenRepository, TokenRow

_TOKEN_BYTES = 32


class OperatorTokens:
    """Checks operators' tokens. Call :meth:`open` first."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._accounts_by_digest: dict[str, str] = {}

    async def open(self, account_id: str, configured: str | None) -> str | None:
        """Makes ``configured`` the account's token. Without one, the account keeps what it has.

        Returns a new token, which can never be shown again, if the account had none. Raises ValueError for an empty
        configured token, which everybody would know.
        """
        if configured is not None and not configured.strip():
            raise ValueError("the operator's token must not be empty")
        async with self._database.transaction() as session:
            repository = TokenRepository(session)
            known = {row.account_id: row.sha256 for row in await repository.all()}
            generated = None
            if configured is None and account_id not in known:
                generated = secrets.token_urlsafe(_TOKEN_BYTES)
            token = configured or generated
            if token is not None:
                known[account_id] = _digest(token)
                await repository.put(
                    TokenRow(account_id=account_id, sha256=known[account_id], created_at=utc(self._clock.time_s()))
                )
        self._accounts_by_digest = {digest: account for account, digest in known.items()}
        return generated

    def verify(self, token: str) -> str:
        """The account that ``token`` opens, found in a time that tells nothing about it. Raises Unauthorized."""
        given = _digest(token)
        found = None
        for digest, account_id in self._accounts_by_digest.items():
            if hmac.compare_digest(digest, given):
                found = account_id
        if found is None:
            raise Unauthorized("the API token is not valid")
        return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
