"""Google Cloud Storage by its XML API, with the tokens of a service account.

The JSON API has no upload whose parts come in any order but through objects of their own that are composed, which cost
storage for as long as deleted objects are kept, and need permission to delete. Multipart uploads of the XML API need
the role Storage Object Creator only.
https://docs.cloud.google.com/storage/docs/multipart-uploads
"""

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reelkit.clock import Clock
from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.base import PartRules
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable
from reelkit.publish.storage.rest import RestClient, problem
from reelkit.publish.storage.s3 import origin_of
from reelkit.publish.storage.sigv4 import uri_encode
from reelkit.publish.storage.targets import GcsTarget
from reelkit.publish.storage.xml_objects import XmlObjects
from reelkit.settings import StorageSettings

STORAGE_URL = "https://storage.googleapis.com"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Google's limit for such an assertion.
_ASSERTION_S = 3_600
# A token is not used in its last minutes: a request with it may take some.
_MARGIN_S = 300.0
_MAX_TOKEN_S = 3_600.0
# Google's have 2048 bits. Looking into one of many thousand bits would take seconds; 4096 fit.
_MAX_KEY_LENGTH = 4_096
_RULES = PartRules(5 << 20, 1 << 30, 10_000, uniform=False, positional=False)


class ServiceAccount:
    """Proves requests by access tokens, each had for a signed assertion (RFC 7523)."""

    def __init__(self, key: Mapping[str, Any], token_url: str, rest: RestClient, clock: Clock) -> None:
        self._key = key
        self._token_url = token_url
        self._rest = rest
        self._clock = clock
        self._token = ""
        self._good_until_s = 0.0
        self._lock = asyncio.Lock()

    async def headers(self, _method: str, _url: str, headers: Mapping[str, str], _sha256: str) -> Mapping[str, str]:
        async with self._lock:
            if self._clock.time_s() >= self._good_until_s:
                await self._fetch_token()
            return {**headers, "authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """A token may be revoked before its time."""
        self._good_until_s = 0.0
        return True

    async def _fetch_token(self) -> None:
        now_s = int(self._clock.time_s())
        claims = {
            "iss": self._key["client_email"],
            "scope": _SCOPE,
            "aud": TOKEN_URL,
            "iat": now_s,
            "exp": now_s + _ASSERTION_S,
        }
        key_id = {"kid": self._key["private_key_id"]} if self._key.get("private_key_id") else None
        assertion = jwt.encode(claims, self._key["private_key"], algorithm="RS256", headers=key_id)
        answer = await self._rest.send(
            "POST",
            self._token_url,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({"grant_type": _GRANT, "assertion": assertion}).encode(),
        )
        said = _object(answer.body)
        if answer.status != HTTPStatus.OK:
            error = said.get("error")
            raise problem(answer, error.replace("_", " ") if error in _TOKEN_ERRORS else "")
        token, lifetime_s = said.get("access_token"), said.get("expires_in")
        if not isinstance(token, str) or not isinstance(lifetime_s, int | float):
            raise StorageUnavailable("the token endpoint gave no token")
        self._token = token
        self._good_until_s = now_s + min(float(lifetime_s), _MAX_TOKEN_S) - _MARGIN_S


# RFC 6749 section 5.2.
_TOKEN_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "access_denied"}
)


def service_account_key(text: str) -> dict[str, Any]:
    """The key file of a service account. Raises ValueError saying what is missing, without any of its content."""
    key = _object(text.encode())
    if key.get("type") != "service_account":
        raise ValueError("is not the JSON key of a service account")
    for field in ("client_email", "private_key"):
        if not isinstance(key.get(field), str) or not key[field]:
            raise ValueError(f"has no {field}")
    if len(key["private_key"]) > _MAX_KEY_LENGTH:
        raise ValueError(f"has a private_key of more than {_MAX_KEY_LENGTH} characters")
    try:
        loaded = load_pem_private_key(key["private_key"].encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        loaded = None
    if not isinstance(loaded, RSAPrivateKey):
        raise ValueError("has a private_key that is no RSA key in PEM")  # noqa: TRY004 - the caller's value is wrong
    return key


def open_gcs(target: GcsTarget, guard: EgressGuard, settings: StorageSettings, clock: Clock) -> XmlObjects:
    """A client for the bucket of ``target``. Raises StorageRefused for a key that is none.

    The key names a token endpoint itself, which is not asked: an assertion belongs to Google.
    """
    try:
        key = service_account_key(target.service_account.get_secret_value())
    except ValueError as error:
        raise StorageRefused(f"the service account {error}") from None
    ours = [url for url in (settings.endpoints.gcs, settings.endpoints.gcs_token) if url]
    rest = RestClient(guard, settings, [origin_of(url) for url in ours])
    return XmlObjects(
        rest,
        ServiceAccount(key, settings.endpoints.gcs_token or TOKEN_URL, rest, clock),
        base_url=f"{settings.endpoints.gcs or STORAGE_URL}/{uri_encode(target.bucket)}",
        path=target.path,
        label=target.label,
        rules=_RULES,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
