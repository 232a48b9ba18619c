"""The client of a running server that all groups of commands use.

The address comes from ``--url``, or from ``listening.json`` in the data directory, which a running server keeps there.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self
from urllib.parse import quote

import httpx
import typer

from reelkit.commands.errors import CommandError, NoServer, Refused, ServerFailed, WrongUsage

DEFAULT_DATA = Path("reelkit-data")
_LISTENING_FILE = "listening.json"
_TIMEOUT_S = 30.0
_NOT_FOR_ANOTHER_TRY = HTTPStatus.NOT_IMPLEMENTED

# What every command of every group takes.
DataOption = Annotated[
    Path, typer.Option("--data", envvar="REELKIT_DATA", help="Data directory of the running server.", file_okay=False)
]
UrlOption = Annotated[
    str | None, typer.Option("--url", help="Address of the server, if it is not the one of the data directory.")
]
TokenOption = Annotated[
    str | None,
    typer.Option("--token", envvar="REELKIT_API_TOKEN", help="API token. Rather set it in the environment."),
]
AccountOption = Annotated[str | None, typer.Option("--account", help="Account id; the default account when left out.")]
AppOption = Annotated[str | None, typer.Option("--app", help="App id; the default app when left out.")]


class ServerClient:
    """Requests below one app of a server. Use it as a context manager; :func:`connected` makes it for commands."""

    def __init__(
        self,
        url: str,
        token: str,
        account_id: str,
        app_id: str,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.account_id = account_id
        self.app_id = app_id
        self._url = url
        self._http = httpx.Client(
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_S,
            transport=transport,
        )

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - what JSON can hold
        """``data`` of the answer to a GET of ``path`` below the app. Raises CommandError."""
        return self.request("GET", path, query=query)["data"]

    def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401
        return self.request("POST", path, body=body)["data"]

    def delete(self, path: str, body: object = None) -> Any:  # noqa: ANN401
        return self.request("DELETE", path, body=body)["data"]

    def download(self, path: str) -> bytes:
        """What a GET of ``path`` brings that is no JSON. Raises CommandError."""
        answer = self._send("GET", path)
        if not answer.is_success:
            _judged(answer)
        return answer.content

    def request(
        self, method: str, path: str, *, body: object = None, query: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """The whole envelope of a successful answer.

        ``path`` begins with a slash, such as ``/webhooks``; parts that callers gave go through :func:`segment`. Raises
        NoServer, Refused, ServerFailed.
        """
        return _judged(self._send(method, path, body=body, query=query))

    def _send(
        self, method: str, path: str, *, body: object = None, query: Mapping[str, object] | None = None
    ) -> httpx.Response:
        kit = f"/client/v4/accounts/{segment(self.account_id)}/realtime/kit/{segment(self.app_id)}"
        wanted = {name: str(value) for name, value in (query or {}).items() if value is not None}
        try:
            return self._http.request(method, f"{kit}{path}", params=wanted, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoServer(f"no server answers at {self._url}: {error}") from error
        except httpx.TimeoutException as error:
            raise ServerFailed(f"the server at {self._url} did not answer within {_TIMEOUT_S:g} s") from error
        except httpx.HTTPError as error:
            raise ServerFailed(f"the connection to {self._url} broke off: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()


def segment(value: str) -> str:
    """``value`` as one segment of a path."""
    return quote(value, safe="")


@contextmanager
def connected(
    data: Path, url: str | None, token: str | None, account: str | None, app: str | None
) -> Iterator[ServerClient]:
    """A client of the server that the options name; what fails inside ends the command with one line on stderr."""
    try:
        with _client(data, url, token, account, app) as client:
            yield client
    except CommandError as error:
        print(f"reelkit: {error.message}", file=sys.stderr)
        raise typer.Exit(error.exit_status) from error


def _client(data: Path, url: str | None, token: str | None, account: str | None, app: str | None) -> ServerClient:
    if not token:
        raise WrongUsage("no API token: set REELKIT_API_TOKEN or give --token")
    known: Mapping[str, Any] = {}
    if url is None or account is None or app is None:
        known = _listening(data / _LISTENING_FILE, required=url is None)
    account_id, app_id = account or known.get("account_id"), app or known.get("app_id")
    if account_id is None or app_id is None:
        raise WrongUsage(f"give --account and --app: {data} holds no {_LISTENING_FILE} that tells the default ones")
    return ServerClient((url or str(known["http"])).rstrip("/"), token, account_id, app_id)


def _listening(path: Path, *, required: bool) -> Mapping[str, Any]:
    try:
        facts = json.loads(path.read_text())
    except FileNotFoundError as error:
        if required:
            raise NoServer(
                f"no server is running on {path.parent}: start it with reelkit serve, or name it with --data or --url"
            ) from error
        return {}
    except (OSError, ValueError) as error:
        raise NoServer(f"{path} cannot be read: {error}") from error
    if not isinstance(facts, dict) or "http" not in facts:
        raise NoServer(f"{path} was not written by a server")
    return facts


def _judged(answer: httpx.Response) -> dict[str, Any]:
    try:
        envelope = answer.json()
    except ValueError:
        envelope = None
    if answer.is_success and isinstance(envelope, dict) and "data" in envelope:
        return envelope
    if answer.is_success or not isinstance(envelope, dict):
        raise ServerFailed(f"the answer (HTTP {answer.status_code}) is not one of a Reelkit server")
    said = "; ".join(str(item.get("message", "")) for item in envelope.get("errors", [])) or "no reason given"
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise Refused(f"the API token is not accepted: {said}")
    if answer.is_client_error or answer.status_code == _NOT_FOR_ANOTHER_TRY:
        raise Refused(said)
    raise ServerFailed(f"the server failed (HTTP {answer.status_code}): {said}")
