"""The client behind all commands, and whose fault it is when it fails."""

import httpx
import pytest

from reelkit.commands.client import ServerClient
from reelkit.commands.errors import NoServer, NotThere, Refused, ServerFailed, WrongUsage


def client(answer: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> ServerClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ServerClient("http://server", "token", "account", "an app", httpx.MockTransport(handle))


def test_requests_go_below_the_app_with_the_token() -> None:
    seen: list[httpx.Request] = []
    with client(httpx.Response(200, json={"success": True, "data": [1]}), seen) as server:
        assert server.get("/webhooks", per_page=5, state=None) == [1]
    (request,) = seen
    assert str(request.url) == ("http://server/client/v4/accounts/account/realtime/kit/an%20app/webhooks?per_page=5")
    assert request.headers["authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (httpx.Response(401, json={"errors": [{"message": "bad"}]}), Refused, "the API token is not accepted: bad"),
        (httpx.Response(404, json={"errors": [{"message": "a"}, {"message": "b"}]}), NotThere, "a; b"),
        (httpx.Response(409, json={"errors": "odd"}), Refused, "no reason given"),
        (httpx.Response(429, json={"errors": [{"message": "slower"}]}), Refused, "slower"),
        (httpx.Response(501, json={"errors": [{"message": "not built"}]}), Refused, "not built"),
        (httpx.Response(503, json={"errors": [{"message": "busy"}]}), ServerFailed, r"HTTP 503\): busy"),
        (httpx.Response(200, text="<html>"), ServerFailed, "not one of a Reelkit server"),
        (httpx.Response(404, text="<html>"), ServerFailed, "not one of a Reelkit server"),
        (httpx.ConnectError("refused"), NoServer, "no server answers at http://server"),
        (httpx.ReadTimeout("late"), ServerFailed, "did not answer within 30 s"),
        (httpx.ReadError("reset"), ServerFailed, "broke off"),
    ],
    ids=str,
)
def test_a_failure_says_whose_it_is(answer: httpx.Response | Exception, error: type[Exception], said: str) -> None:
    with client(answer) as server, pytest.raises(error, match=said):
        server.get("/webhooks")


def test_pages_are_put_together_and_nothing_comes_twice() -> None:
    pages = [[{"id": number} for number in range(100)], [{"id": number} for number in range(99, 130)]]
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.params["page_no"])
        return httpx.Response(200, json={"data": {"things": pages[len(seen) - 1]}})

    with ServerClient("http://server", "token", "account", "app", httpx.MockTransport(handle)) as server:
        assert [item["id"] for item in server.every("/things", key="things")] == list(range(130))
    assert seen == ["1", "2"]


def test_a_query_repeats_lists_and_writes_truth_as_the_api_does() -> None:
    seen: list[httpx.Request] = []
    with client(httpx.Response(200, json={"data": []}), seen) as server:
        server.get("/recordings", status=["UPLOADED", "ERRORED"], expired=False, search=None)
    assert str(seen[0].url.query, "ascii") == "status=UPLOADED&status=ERRORED&expired=false"


def test_a_post_whose_answer_got_lost_is_made_once_more_under_its_key() -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["idempotency-key"])
        if len(seen) in {1, 3, 4}:
            raise httpx.ReadError("reset")
        return httpx.Response(200, json={"data": "made"})

    with ServerClient("http://server", "token", "account", "app", httpx.MockTransport(handle)) as server:
        assert server.post("/recordings", {}) == "made"
        with pytest.raises(ServerFailed, match="broke off"):
            server.post("/recordings", {})
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_the_account_lies_above_the_app() -> None:
    seen: list[httpx.Request] = []
    with client(httpx.Response(200, json={"data": []}), seen) as server:
        server.account.get("/reelkit/tokens")
    assert seen[0].url.path == "/client/v4/accounts/account/reelkit/tokens"


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("localhost:8700", "token", "--url: give an address such as"),
        ("http://server:port", "token", "--url: this is no address"),
        ("http://server", "very secret", "the API token holds characters"),
        ("http://server", "very\nsecret", "the API token holds characters"),
    ],
)
def test_what_cannot_be_an_address_or_a_token(url: str, token: str, said: str) -> None:
    with pytest.raises(WrongUsage, match=said) as wrong:
        ServerClient(url, token, "account", "app")
    assert "secret" not in wrong.value.message
