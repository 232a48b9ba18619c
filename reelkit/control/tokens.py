"""Operators' tokens: who may use the API of an account.

Only a SHA-256 of a token is kept. That is enough for a token with 256 random bits; an operator who chooses their own
should choose one as long.
"""

import hmac
import secrets
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control.api_token import ApiToken, TokenRegister, digest
from reelkit.control.errors import Conflict, Invalid, NotFound, Unauthorized
from reelkit.control.paging import Page, PageRequest
from reelkit.control.token_params import TokenParams
from reelkit.control.token_use import TokenUse
from reelkit.db import Database
from reelkit.db.apps import AppRepository
from reelkit.db.tokens import TokenRepository, TokenRow

log = structlog.get_logger(__name__)

_TOKEN_BYTES = 32
# Of tokens that the server makes for itself or finds in its settings.
_BOOTSTRAP_NAME = "operator"
# The same words for every way to be wrong: they tell nobody which tokens there are.
_WRONG_KEY = "X-Auth-Key is no API token that was made with the e-mail in X-Auth-Email"


class OperatorTokens:
    """Makes, checks and revokes API tokens. Call :meth:`open` first."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._register = TokenRegister()
        self.use = TokenUse(database, clock)

    async def open(self, account_id: str, configured: str | None) -> str | None:
        """Makes ``configured`` a token of the whole account, and void what was configured or made at a start before.

        Without it the account keeps what it has. Returns a new token, which can never be shown again, if nothing was
        configured and none of the account's tokens opens all of it. Raises ValueError for an empty configured token,
        which everybody would know.
        """
        if configured is not None and not configured.strip():
            raise ValueError("the operator's token must not be empty")
        generated = None
        async with self._database.transaction() as session:
            rows = await TokenRepository(session).of_account(account_id)
            if configured is not None:
                await self._configure(session, account_id, rows, digest(configured))
            elif not any(ApiToken.of(row).opens_account(self._now) for row in rows):
                generated = secrets.token_urlsafe(_TOKEN_BYTES)
                await self._add(session, account_id, digest(generated))
            known = await TokenRepository(session).all()
        for row in known:
            self._register.put(row.sha256, ApiToken.of(row))
        return generated

    async def create(self, account_id: str, params: TokenParams) -> tuple[ApiToken, str]:
        """A new token and its text, which can never be shown again. Raises Invalid naming the field."""
        if params.expires_on is not None and params.expires_on <= self._now:
            raise Invalid("expires_on: must be in the future", field="expires_on")
        text = secrets.token_urlsafe(_TOKEN_BYTES)
        row = self._row(account_id, digest(text), params.name)
        row.app_id, row.email, row.expires_at = params.app_id, params.email, params.expires_on
        async with self._database.transaction() as session:
            if params.app_id is not None and await AppRepository(session).get(account_id, params.app_id) is None:
                raise Invalid("app_id: there is no such app in this account", field="app_id")
            await TokenRepository(session).add(row)
        token = ApiToken.of(row)
        self._register.put(row.sha256, token)
        log.info("an API token was made", token_id=token.id, name=token.name, app_id=token.app_id)
        return token, text

    async def list(self, account_id: str, page: PageRequest) -> Page[ApiToken]:
        """All that were ever made, newest first."""
        async with self._database.session() as session:
            found = await TokenRepository(session).page(account_id, offset=page.offset, limit=page.per_page)
        return Page.of(page, tuple(self._shown(row) for row in found.rows), found.total_count)

    async def revoke(self, account_id: str, token_id: str) -> ApiToken:
        """Makes a token void at once; one that is revoked already stays as it is.

        Raises NotFound, and Conflict for the last one that opens the whole account: nobody could get in any more.
        """
        now = self._now
        async with self._database.transaction() as session:
            rows = await TokenRepository(session).of_account(account_id)
            row = next((row for row in rows if row.id == token_id), None)
            if row is None:
                raise NotFound("there is no such token in this account")
            usable = [each for each in rows if ApiToken.of(each).opens_account(now)]
            if usable == [row]:
                raise Conflict("this is the last token that opens the whole account: make another one first")
            if row.revoked_at is None:
                row.revoked_at = now
        self._register.put(row.sha256, ApiToken.of(row))
        log.info("an API token was revoked", token_id=row.id, name=row.name, app_id=row.app_id)
        return self._shown(row)

    def verify(self, text: str, email: str | None = None) -> ApiToken:
        """The token with this text; with ``email``, only if it was made with that address.

        Found in a time that tells nothing about it. Raises Unauthorized for one that is unknown, expired or revoked.
        """
        token = self._register.find(text)
        if email is not None:
            known = token.email if token is not None and token.email is not None else ""
            if not hmac.compare_digest(_comparable(known), _comparable(email)) or not known:
                raise Unauthorized(_WRONG_KEY)
        if token is None:
            raise Unauthorized("the API token is not valid")
        now = self._now
        if token.revoked_at is not None:
            raise Unauthorized("the API token was revoked")
        if token.expired(now):
            raise Unauthorized("the API token has expired")
        self.use.mark(token.id, now)
        return token

    @property
    def _now(self) -> datetime:
        return utc(self._clock.time_s())

    async def _configure(self, session: AsyncSession, account_id: str, rows: tuple[TokenRow, ...], sha256: str) -> None:
        """Makes one row of the account the configured one."""
        for row in rows:
            # One that was revoked stays, so that it remains so when it is configured again.
            if row.bootstrap and row.sha256 != sha256 and row.revoked_at is None:
                await TokenRepository(session).delete(row)
        same = next((row for row in rows if row.sha256 == sha256), None)
        if same is None:
            await self._add(session, account_id, sha256)
        elif not ApiToken.of(same).opens_account(self._now):
            log.warning("api_token is a token that was revoked, has ended or opens one app only: choose another one")

    async def _add(self, session: AsyncSession, account_id: str, sha256: str) -> None:
        row = self._row(account_id, sha256, _BOOTSTRAP_NAME)
        row.bootstrap = True
        await TokenRepository(session).add(row)

    def _row(self, account_id: str, sha256: str, name: str) -> TokenRow:
        return TokenRow(
            id=str(uuid4()), account_id=account_id, name=name, sha256=sha256, bootstrap=False, created_at=self._now
        )

    def _shown(self, row: TokenRow) -> ApiToken:
        token = ApiToken.of(row)
        return replace(token, last_used_at=self.use.last(token.id, token.last_used_at))


def _comparable(email: str) -> bytes:
    return email.strip().casefold().encode("utf-8", "surrogatepass")
