"""What requests are sent with, and whose they are."""

import ipaddress
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from reelkit.api.errors import NotAuthenticated
from reelkit.api.state import AppState
from reelkit.control.errors import Unauthorized

TOKEN_PARAMETER = "authToken"  # noqa: S105 - its name
"""Where the websocket has a participant's token: browsers send no headers with one."""

_EMAIL_HEADER = "x-auth-email"
_KEY_HEADER = "x-auth-key"
CREDENTIAL_HEADERS = ("authorization", _EMAIL_HEADER, _KEY_HEADER)
"""All headers that say who sends a request."""
# A network of this size is what one customer of a provider gets (RFC 6177): its addresses are as good as one.
_IPV6_PREFIX_BITS = 64
# A proxy may tell of clients whatever they said; more than any address has is not remembered.
_MAX_ADDRESS_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Credential:
    """The text of a token; with ``email`` it is an API token's and counts only together with that address."""

    text: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a credential, as far as that can be told without the database.

    ``participant_token`` may be void by now and is to be checked where that matters; None for API tokens.
    """

    name: str
    participant_token: str | None = None


def sent_credential(headers: Headers) -> Credential:
    """The token of the Authorization header or, without that header, of X-Auth-Key. Raises NotAuthenticated."""
    authorization = headers.get("authorization", "").strip()
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return Credential(token.strip())
    email, key = headers.get(_EMAIL_HEADER, "").strip(), headers.get(_KEY_HEADER, "").strip()
    if authorization or not (email or key):
        raise NotAuthenticated("no token: send Authorization: Bearer <token>")
    if not email:
        raise NotAuthenticated(
            "X-Auth-Email is missing: send the e-mail that the API token in X-Auth-Key was made with"
        )
    if not key:
        raise NotAuthenticated("X-Auth-Key is missing: send an API token that was made with the e-mail in X-Auth-Email")
    return Credential(key, email)


def has_credential(scope: Scope) -> bool:
    """Whether a request says who sends it, truly or not."""
    headers = Headers(scope=scope)
    return any(name in headers for name in CREDENTIAL_HEADERS)


def holder_of(scope: Scope, state: AppState) -> Holder | None:
    """Whose request it is; None without a credential that could be valid."""
    try:
        credential = sent_credential(Headers(scope=scope))
    except NotAuthenticated:
        return None
    try:
        token = state.control.operator_tokens.verify(credential.text, credential.email)
        return Holder(f"token:{token.id}")
    except Unauthorized:
        if credential.email is not None:
            return None
    return participant_of(credential.text, state)


def participant_of(token: str, state: AppState) -> Holder | None:
    """Whose token it is, if it is a participant's."""
    try:
        claims = state.control.participants.claims_of(token)
    except Unauthorized:
        return None
    return Holder(f"participant:{claims.participant_id}:{claims.version}", token)


def address_of(scope: Scope) -> str:
    """The network that a request comes from."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return str(host)[:_MAX_ADDRESS_LENGTH]
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        # A listener of both families names all of IPv4 so (RFC 4291, section 2.5.5.2).
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_PREFIX_BITS), strict=False))
