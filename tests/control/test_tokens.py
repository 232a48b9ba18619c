from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from reelkit.control.errors import Unauthorized
from reelkit.control.paging import PageRequest
from reelkit.control.token_params import TokenParams
from reelkit.control.token_use import TokenUse
from reelkit.control.tokens import OperatorTokens
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.tokens import TokenRepository
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock


async def test_a_token_is_made_once_and_shown_once(tmp_path: Path) -> None:
    async with harness_at(tmp_path) as first:
        assert first.boot is not None
        token = first.boot.new_operator_token
        assert token is not None
        assert len(token) >= 43
        assert first.plane.operator_tokens.verify(token).account_id == first.app.account_id
        async with first.database.session() as session:
            (row,) = await TokenRepository(session).all()
        assert token not in row.sha256
    async with harness_at(tmp_path) as second:
        assert second.boot is not None
        assert second.boot.new_operator_token is None
        assert second.plane.operator_tokens.verify(token).account_id == second.app.account_id


async def test_a_configured_token_replaces_the_one_before(tmp_path: Path) -> None:
    async with harness_at(tmp_path) as first:
        assert first.boot is not None
        generated = first.boot.new_operator_token
        assert generated is not None
    async with harness_at(tmp_path, api_token="chosen") as second:
        assert second.boot is not None
        assert second.boot.new_operator_token is None
        assert second.plane.operator_tokens.verify("chosen").account_id == second.app.account_id
        with pytest.raises(Unauthorized):
            second.plane.operator_tokens.verify(generated)


@pytest.mark.parametrize("token", ["", "x", "é", "\ud800", "x" * 100_000])
async def test_other_tokens_open_nothing(harness: Harness, token: str) -> None:
    with pytest.raises(Unauthorized):
        harness.plane.operator_tokens.verify(token)


async def test_an_empty_token_is_refused(harness: Harness) -> None:
    with pytest.raises(ValueError, match="empty"):
        await OperatorTokens(harness.database, harness.clock).open(harness.app.account_id, "  ")


async def test_going_back_to_a_configured_token(tmp_path: Path) -> None:
    """Another one makes it void, but does not revoke it."""
    for token, void in (("first", "second"), ("second", "first"), ("first", "second")):
        async with harness_at(tmp_path, api_token=token) as harness:
            assert harness.plane.operator_tokens.verify(token).app_id is None
            with pytest.raises(Unauthorized, match="not valid"):
                harness.plane.operator_tokens.verify(void)


async def test_tokens_that_were_made_outlive_the_configured_one(tmp_path: Path) -> None:
    async with harness_at(tmp_path, api_token="first") as harness:
        _, text = await harness.plane.operator_tokens.create(harness.app.account_id, TokenParams(name="ci"))
    async with harness_at(tmp_path, api_token="second") as harness:
        assert harness.plane.operator_tokens.verify(text).name == "ci"


async def test_a_revoked_token_stays_so_although_it_is_configured(tmp_path: Path) -> None:
    async with harness_at(tmp_path, api_token="leaked") as harness:
        tokens = harness.plane.operator_tokens
        _, text = await tokens.create(harness.app.account_id, TokenParams(name="ci"))
        await tokens.revoke(harness.app.account_id, tokens.verify("leaked").id)
    for token in ("leaked", "other", "leaked"):
        async with harness_at(tmp_path, api_token=token) as harness:
            with pytest.raises(Unauthorized, match="revoked"):
                harness.plane.operator_tokens.verify("leaked")
            assert harness.plane.operator_tokens.verify(text).name == "ci"


async def test_a_start_without_a_usable_token_makes_one(tmp_path: Path) -> None:
    """Nobody is shut out because the last token has ended."""
    clock = ManualClock()
    async with harness_at(tmp_path, clock) as harness:
        tokens, account_id = harness.plane.operator_tokens, harness.app.account_id
        assert harness.boot is not None
        assert harness.boot.new_operator_token is not None
        first = tokens.verify(harness.boot.new_operator_token)
        _, text = await tokens.create(account_id, TokenParams.parse({"name": "short", "expires_on": "2026-01-02"}))
        await tokens.create(account_id, TokenParams(name="of one app", app_id=harness.app.id))
        await tokens.revoke(account_id, first.id)
    clock.now_s += 86_400
    async with harness_at(tmp_path, clock) as harness:
        assert harness.boot is not None
        assert harness.boot.new_operator_token is not None
        assert harness.plane.operator_tokens.verify(harness.boot.new_operator_token).app_id is None
        with pytest.raises(Unauthorized, match="expired"):
            harness.plane.operator_tokens.verify(text)


async def test_the_last_use_survives_an_orderly_end(tmp_path: Path) -> None:
    async with harness_at(tmp_path, api_token="chosen") as harness:
        await harness.clock.advance(7)
        harness.plane.operator_tokens.verify("chosen")
    async with harness_at(tmp_path, api_token="chosen") as harness:
        (token,) = (await harness.plane.operator_tokens.list(harness.app.account_id, PageRequest())).items
        assert token.last_used_at == datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)


async def test_uses_are_written_once_a_minute_and_not_lost(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    use = TokenUse(harness.database, harness.clock)
    (token,) = (await harness.plane.operator_tokens.list(harness.app.account_id, PageRequest())).items
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    async def written() -> datetime | None:
        async with harness.database.session() as session:
            (row,) = await TokenRepository(session).all()
        return row.last_used_at

    def refuse() -> NoReturn:
        raise DatabaseUnavailable("locked")

    use.mark(token.id, moment)
    with monkeypatch.context() as patched:
        patched.setattr(harness.database, "transaction", refuse)
        await use.write()
    assert (await written(), use.last(token.id, None)) == (None, moment)
    await use.write()
    assert (await written(), use.last(token.id, moment)) == (moment, moment)
