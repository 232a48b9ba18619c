"""Requests to a storage that is spoken to by HTTP: deadlines, and what answers mean."""

import asyncio
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import unescape
from http import HTTPStatus

from reelkit.egress.client import DEFAULT_MAX_BYTES, HttpClient, HttpResponse
from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.errors import DestinationError, StorageRefused, StorageUnavailable
from reelkit.settings import StorageSettings

# Hashing more than this would hold the event loop up.
_HASH_AT_ONCE_BYTES = 1 << 18
_CODE = re.compile(r"[A-Za-z0-9]{1,64}")
_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.TEMPORARY_REDIRECT})


class RestClient:
    """Sends requests to one service. ``trusted`` is an endpoint of the operator's, which is not guarded."""

    def __init__(self, guard: EgressGuard, settings: StorageSettings, trusted: Iterable[str]) -> None:
        self._http = HttpClient(guard, trusted_origins=trusted, max_connections=settings.connections)
        self._settings = settings

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        max_bytes: int = DEFAULT_MAX_BYTES,
        patience_s: float = 0.0,
    ) -> HttpResponse:
        """The answer, of any status. ``patience_s`` is what the service needs beyond a usual answer's time.

        Raises StorageRefused if the guard forbids it, and StorageUnavailable if there is no answer.
        """
        wait_s = self._settings.request_timeout_s + patience_s
        try:
            return await self._http.request(
                method,
                url,
                headers=headers,
                body=body,
                timeout_s=wait_s + (len(body) + max_bytes) / self._settings.min_rate_bytes_per_s,
                idle_timeout_s=wait_s,
                max_bytes=max_bytes,
            )
        except EgressRefused as error:
            raise StorageRefused(f"the storage may not be reached: {error.message}") from error
        except FetchFailed as error:
            raise StorageUnavailable(f"the storage does not answer: {error.message}") from error

    async def close(self) -> None:
        await self._http.close()


def problem(answer: HttpResponse, code: str, again: Iterable[str] = ()) -> DestinationError:
    """The error for an answer that is no success. ``again`` are codes that may turn out otherwise next time."""
    said = f"the storage answered {code or 'status'} ({answer.status})"
    if answer.status in _AGAIN or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in frozenset(again):
        return StorageUnavailable(said)
    return StorageRefused(said)


def xml_text(body: bytes, tag: str) -> str:
    """The text of the first element of that name without attributes; empty if there is none.

    Answers come from hosts that callers name: nothing but this is read from them.
    """
    found = re.search(rf"<{tag}>([^<]*)</{tag}>", body.decode("utf-8", "replace"))
    return unescape(found[1]).strip() if found else ""


def xml_code(body: bytes) -> str:
    """The documented code of an error in XML; empty for anything that does not look like one."""
    code = xml_text(body, "Code")
    return code if _CODE.fullmatch(code) else ""


async def content_md5(data: bytes) -> str:
    """The header Content-MD5, by which a server notices damage on the way (RFC 1864)."""
    if len(data) > _HASH_AT_ONCE_BYTES:
        return await asyncio.to_thread(_content_md5, data)
    return _content_md5(data)


async def sha256_hex(data: bytes) -> str:
    if len(data) > _HASH_AT_ONCE_BYTES:
        return await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
    return hashlib.sha256(data).hexdigest()


def _content_md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
