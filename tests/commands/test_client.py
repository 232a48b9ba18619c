"""How commands find a server, and whose fault it is when they fail."""

import json
from pathlib import Path

import httpx
import pytest
import typer

from reelkit.commands.client import ServerClient, connected
from reelkit.commands.errors import NoServer, Refused, ServerFailed


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
        (httpx.Response(404, json={"errors": [{"message": "a"}, {"message": "b"}]}), Refused, "a; b"),
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


@pytest.mark.parametrize(
    ("facts", "token", "url", "said", "status"),
    [
        (None, None, None, "REELKIT_API_TOKEN", 2),
        (None, "token", None, "no server is running on", 1),
        ("{", "token", None, "cannot be read", 1),
        ("[]", "token", None, "was not written by a server", 1),
        (None, "token", "http://elsewhere", "--account and --app", 2),
        (json.dumps({"http": "http://127.0.0.1:1", "account_id": "a", "app_id": "b"}), "token", None, "no server", 1),
    ],
)
def test_what_is_missing_is_told_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    facts: str | None,
    token: str | None,
    url: str | None,
    said: str,
    status: int,
) -> None:
    if facts is not None:
        (tmp_path / "listening.json").write_text(facts)
    with pytest.raises(typer.Exit) as ended, connected(tmp_path, url, token, None, None) as server:
        server.get("/webhooks")
    assert ended.value.exit_code == status
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("reelkit: ")
    assert said in lines[0]


def test_options_win_over_what_the_data_directory_says(tmp_path: Path) -> None:
    (tmp_path / "listening.json").write_text(json.dumps({"http": "http://x", "account_id": "a", "app_id": "b"}))
    with connected(tmp_path, None, "token", None, "c") as server:
        assert (server.account_id, server.app_id) == ("a", "c")
