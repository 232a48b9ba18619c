from pathlib import Path

import pytest

from reelkit.control.errors import Unauthorized
from reelkit.control.tokens import OperatorTokens
from reelkit.db.tokens import TokenRepository
from tests.control.harness import Harness, harness_at


async def test_a_token_is_made_once_and_shown_once(tmp_path: Path) -> None:
    async with harness_at(tmp_path) as first:
        assert first.boot is not None
        token = first.boot.new_operator_token
        assert token is not None
        assert len(token) >= 43
        assert first.plane.operator_tokens.verify(token) == first.app.account_id
        async with first.database.session() as session:
            (row,) = await TokenRepository(session).all()
        assert token not in row.sha256
    async with harness_at(tmp_path) as second:
        assert second.boot is not None
        assert second.boot.new_operator_token is None
        assert second.plane.operator_tokens.verify(token) == second.app.account_id


async def test_a_configured_token_replaces_the_one_before(tmp_path: Path) -> None:
    async with harness_at(tmp_path) as first:
        assert first.boot is not None
        generated = first.boot.new_operator_token
        assert generated is not None
    async with harness_at(tmp_path, api_token="chosen") as second:
        assert second.boot is not None
        assert second.boot.new_operator_token is None
        assert second.plane.operator_tokens.verify("chosen") == second.app.account_id
        with pytest.raises(Unauthorized):
            second.plane.operator_tokens.verify(generated)


@pytest.mark.parametrize("token", ["", "x", "é", "\ud800", "x" * 100_000])
async def test_other_tokens_open_nothing(harness: Harness, token: str) -> None:
    with pytest.raises(Unauthorized):
        harness.plane.operator_tokens.verify(token)


async def test_an_empty_token_is_refused(harness: Harness) -> None:
    with pytest.raises(ValueError, match="empty"):
        await OperatorTokens(harness.database, harness.clock).open(harness.app.account_id, "  ")
