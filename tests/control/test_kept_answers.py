"""Kept answers where HTTP does not reach: rotated keys of the vault."""

import pytest

from reelkit.control.kept_answers import KeptAnswer, KeptAnswers, id_of
from reelkit.control.vault import KEY_BYTES, Sealed, Vault
from reelkit.db.kept_answers import KeptAnswerRepository
from tests.control.harness import Harness

ANSWER = KeptAnswer(201, (("content-type", "application/json"),), b'{"token": "\xff"}')
REQUEST_ID = id_of("token:1", "key")
OLD, NEW = b"o" * KEY_BYTES, b"n" * KEY_BYTES


async def test_a_rotated_key_of_the_vault(harness: Harness) -> None:
    kept = KeptAnswers(harness.database, harness.clock, Vault([OLD]))
    assert await kept.begin(REQUEST_ID, "request") is None
    await kept.keep(REQUEST_ID, ANSWER)
    kept.end(REQUEST_ID)
    with pytest.raises(Sealed):
        await KeptAnswers(harness.database, harness.clock, Vault([NEW])).begin(REQUEST_ID, "request")
    await KeptAnswers(harness.database, harness.clock, Vault([NEW, OLD])).reseal()
    async with harness.database.session() as session:
        assert await KeptAnswerRepository(session).all_sealed(unmarked=Vault([NEW]).mark) == ()
        assert len(await KeptAnswerRepository(session).all_sealed(unmarked=Vault([OLD]).mark)) == 1
    assert await KeptAnswers(harness.database, harness.clock, Vault([NEW])).begin(REQUEST_ID, "request") == ANSWER


def test_keys_of_different_holders_differ() -> None:
    assert len({id_of("token:1", "key"), id_of("token:2", "key"), id_of("token:1", "other")}) == 3
