"""Every method of the official API clients, against a whole server with people in its meeting."""

import pytest

from testbed.stack import Stack
from tests.conformance import conversation
from tests.conformance.clients import Client, NodeClient, PythonClient

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.mark.parametrize("kind", [PythonClient, NodeClient])
async def test_every_method_answers_as_the_client_expects(stack: Stack, kind: type[Client]) -> None:
    facts, token = stack.listening, stack.token
    base_url = f"{facts.http}/client/v4"
    async with kind(base_url, token, facts.account_id, "") as outside:
        made = await outside.call("apps.post", name="conformance")
        app_id = made["app"]["id"]
    async with kind(base_url, token, facts.account_id, app_id) as client:
        await conversation.apps(client)
        await conversation.presets(client)
        await conversation.meetings(client)
        await conversation.participants(client)
        await conversation.webhooks(client)
        await conversation.live(client, stack.address)
        await conversation.analytics(client)
        answered = client.called | {"apps.post"}
        assert answered | conversation.REFUSED.keys() == await client.methods()
        assert not answered & conversation.REFUSED.keys()


@pytest.mark.parametrize("kind", [PythonClient, NodeClient])
async def test_errors_are_the_client_s_own(stack: Stack, kind: type[Client]) -> None:
    facts = stack.listening
    where = facts.account_id, facts.app_id
    base_url = f"{facts.http}/client/v4"
    guest = await stack.api.add_guest(await stack.api.create_meeting(), "Ada")
    async with (
        kind(base_url, stack.token, *where) as operator,
        kind(base_url, "wrong", *where) as anonymous,
        kind(base_url, guest.token, *where) as participant,
    ):
        await conversation.errors(operator)
        await conversation.strangers(anonymous, participant)
