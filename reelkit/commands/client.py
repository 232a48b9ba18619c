"""The client of a running server that all groups of commands use."""

import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx

from reelkit.commands.errors import NoServer, NotThere, Refused, ServerFailed, WrongUsage

_TIMEOUT_S = 30.0
# The most that the API sends at once.
PAGE_SIZE = 100
_NOT_FOR_ANOTHER_TRY = HTTPStatus.NOT_IMPLEMENTED


class Requests:
    """Requests below one path of a server; ``base`` is None where the path needs an app and none is named.

    Paths begin with a slash, such as ``/webhooks``; parts that callers gave go through :func:`segment`. All methods
    raise NoServer, Refused (NotThere for a 404) or ServerFailed.
    """

    def __init__(self, http: httpx.Client, base: str | None) -> None:
        self._http = http
        self._base = base

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - what JSON can hold
        """``data`` of the answer to a GET; None in ``query`` is left out, a list is repeated."""
        return self.request("GET", path, query=query)["data"]

    def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401
        return self.request("POST", path, body=body)["data"]

    def put(self, path: str, body: object = None) -> Any:  # noqa: ANN401
        return self.request("PUT", path, body=body)["data"]

    def patch(self, path: str, body: object = None) -> Any:  # noqa: ANN401
        return self.request("PATCH", path, body=body)["data"]

    def delete(self, path: str, body: object = None) -> Any:  # noqa: ANN401
        return self.request("DELETE", path, body=body)["data"]

    def every(self, path: str, *, key: str | None = None, **query: object) -> Iterator[dict[str, Any]]:
        """The items of all pages of a list, each once; ``key`` is where ``data`` holds them, if it is no list."""
        seen: set[object] = set()
        page_no = 1
        while True:
            items = items_of(self.get(path, **query, page_no=page_no, per_page=PAGE_SIZE), key)
            # What was made meanwhile shifts the pages of a list that begins with the newest.
            fresh = [item for item in items if item.get("id") not in seen]
            seen.update(item.get("id") for item in fresh)
            yield from fresh
            if len(items) < PAGE_SIZE or not fresh:
                return
            page_no += 1

    def download(self, path: str) -> bytes:
        """What a GET of ``path`` brings that is no JSON."""
        answer = self._send("GET", path)
        if not answer.is_success:
            _judged(answer)
        return answer.content

    def request(
        self, method: str, path: str, *, body: object = None, query: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """The whole envelope of a successful answer."""
        return _judged(self._send(method, path, body=body, query=query))

    def _send(
        self, method: str, path: str, *, body: object = None, query: Mapping[str, object] | None = None
    ) -> httpx.Response:
        if self._base is None:
            raise WrongUsage("give --account and --app: no data directory of a server tells the default ones")
        url = self._http.base_url
        # A POST whose answer got lost is made once more: under the same key the server does nothing twice.
        headers = {"idempotency-key": str(uuid4())} if method == "POST" else {}
        repeats = 1 if method == "POST" else 0
        while True:
            try:
                return self._http.request(
                    method, f"{self._base}{path}", params=_parameters(query or {}), json=body, headers=headers
                )
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise NoServer(f"no server answers at {url}: {error}") from error
            except httpx.TimeoutException as error:
                raise ServerFailed(f"the server at {url} did not answer within {_TIMEOUT_S:g} s") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if not repeats:
                    raise ServerFailed(f"the connection to {url} broke off: {error}") from error
                repeats -= 1
            except ValueError as error:
                raise WrongUsage(f"this cannot be sent as JSON: {_why(error)}") from error


class ServerClient(Requests):
    """Requests below one app of a server, and below its account. Use it as a context manager.

    Raises WrongUsage for an address or a token that cannot be one.
    """

    def __init__(
        self,
        url: str,
        token: str,
        account_id: str,
        app_id: str | None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.account_id = account_id
        self.app_id = app_id
        account = f"/client/v4/accounts/{segment(account_id)}"
        super().__init__(
            _http_client(url, token, transport),
            None if app_id is None else f"{account}/realtime/kit/{segment(app_id)}",
        )
        self.account = Requests(self._http, account)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()


def segment(value: str) -> str:
    """``value`` as one segment of a path. Raises WrongUsage."""
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise WrongUsage("an id holds what is no character") from error


def items_of(data: Any, key: str | None = None) -> list[dict[str, Any]]:  # noqa: ANN401
    """The items of a list's ``data``. Raises ServerFailed if there is no list."""
    items = data.get(key) if key is not None and isinstance(data, dict) else data
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ServerFailed("the answer is not the list that a Reelkit server sends")
    return items


def _http_client(url: str, token: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    if not token.isascii() or not token.isprintable() or " " in token:
        # A header that cannot be sent would be told whole in the error.
        raise WrongUsage("the API token holds characters that no token has: look for a blank or a line break in it")
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise WrongUsage(f"--url: this is no address: {error}") from error
    if address.scheme not in {"http", "https"} or not address.host:
        raise WrongUsage("--url: give an address such as http://127.0.0.1:8700")
    # Reading all authorities takes longer than a request; a context that knows none trusts nobody.
    verify = True if address.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    headers = {"authorization": f"Bearer {token}"}
    return httpx.Client(base_url=address, headers=headers, timeout=_TIMEOUT_S, transport=transport, verify=verify)


def _why(error: ValueError) -> str:
    # An encoding error holds what was to be encoded, which may be secret.
    return "it holds what is no character" if isinstance(error, UnicodeError) else str(error)


def _parameters(query: Mapping[str, object]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for name, value in query.items():
        if isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif isinstance(value, list | tuple):
            found[name] = [str(each) for each in value]
        elif value is not None:
            found[name] = str(value)
    return found


def _judged(answer: httpx.Response) -> dict[str, Any]:
    try:
        envelope = answer.json()
    except ValueError:
        envelope = None
    if answer.is_success and isinstance(envelope, dict) and "data" in envelope:
        return envelope
    if answer.is_success or not isinstance(envelope, dict):
        raise ServerFailed(f"the answer (HTTP {answer.status_code}) is not one of a Reelkit server")
    said = _said(envelope)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise Refused(f"the API token is not accepted: {said}")
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise NotThere(said)
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise Refused(said, retry=True)
    if answer.is_client_error or answer.status_code == _NOT_FOR_ANOTHER_TRY:
        raise Refused(said)
    raise ServerFailed(f"the server failed (HTTP {answer.status_code}): {said}")


def _said(envelope: Mapping[str, Any]) -> str:
    errors = envelope.get("errors")
    messages = [str(item.get("message", "")) for item in errors if isinstance(item, dict)] if errors else []
    return "; ".join(filter(None, messages)) or "no reason given"
