"""API tokens of an account: an extension that RealtimeKit does not have, for the operator."""

from http import HTTPStatus

from fastapi import APIRouter, Depends

from reelkit.api.auth import State, require_operator
from reelkit.api.envelope import Envelope, Page
from reelkit.api.paths import REELKIT_PATH
from reelkit.api.queries import PageQuery
from reelkit.api.wire.tokens import NewToken, TokenEntry
from reelkit.control.token_params import TokenParams
from reelkit.control.validation import Text, UuidText

router = APIRouter(prefix=f"{REELKIT_PATH}/tokens", tags=["tokens"], dependencies=[Depends(require_operator)])


@router.post("", status_code=HTTPStatus.CREATED, response_model=Envelope[NewToken])
async def create_token(account_id: Text, body: TokenParams, state: State) -> Envelope[NewToken]:
    """Makes an API token, of the whole account or of one app. Its text is told only now. An extension of Reelkit."""
    token, text = await state.control.operator_tokens.create(account_id, body)
    return Envelope[NewToken](data=NewToken.with_text(token, text))


@router.get("", response_model=Page[TokenEntry])
async def list_tokens(account_id: Text, state: State, page: PageQuery) -> Page[TokenEntry]:
    """All API tokens that were ever made, newest first. An extension of Reelkit."""
    found = await state.control.operator_tokens.list(account_id, page)
    return Page[TokenEntry].of(found, TokenEntry.of)


@router.delete("/{token_id}", response_model=Envelope[TokenEntry])
async def revoke_token(account_id: Text, token_id: UuidText, state: State) -> Envelope[TokenEntry]:
    """Revokes an API token: it opens nothing from now on. The last one of the whole account stays.

    An extension of Reelkit.
    """
    return Envelope[TokenEntry](data=TokenEntry.of(await state.control.operator_tokens.revoke(account_id, token_id)))
