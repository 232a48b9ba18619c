"""Tokens of participants: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256.

The SDK decodes the claims with ``atob``, which knows no base64url: a claim with ``>``, ``?``, ``~`` or anything but
ASCII would break it. So the claims are ids and numbers.
"""

from dataclasses import dataclass

import jwt

from reelkit.clock import Clock
from reelkit.control.errors import Unauthorized

# RFC 7518 section 3.2: a key for HS256 has at least the hash's size.
MIN_KEY_BYTES = 32
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class ParticipantClaims:
    """Whom a token stands for. ``version`` is the participant's at the time of issue; another one is revoked."""

    app_id: str
    meeting_id: str
    participant_id: str
    preset_id: str
    version: int


class ParticipantTokens:
    """Issues and reads tokens with one signing key."""

    def __init__(self, key: bytes, clock: Clock, lifetime_s: int) -> None:
        if len(key) < MIN_KEY_BYTES:
            raise ValueError(f"the signing key must have at least {MIN_KEY_BYTES} bytes")
        self._key = key
        self._clock = clock
        self._lifetime_s = lifetime_s

    def issue(self, claims: ParticipantClaims, lifetime_s: int | None = None) -> str:
        """A token that is valid from now on, for as long as all are unless ``lifetime_s`` says otherwise."""
        now_s = int(self._clock.time_s())
        return jwt.encode(
            {
                "orgId": claims.app_id,
                "meetingId": claims.meeting_id,
                "participantId": claims.participant_id,
                "presetId": claims.preset_id,
                "ver": claims.version,
                "iat": now_s,
                "exp": now_s + (self._lifetime_s if lifetime_s is None else lifetime_s),
            },
            self._key,
            algorithm=_ALGORITHM,
        )

    def read(self, token: str) -> ParticipantClaims:
        """Checks signature and expiry. Raises Unauthorized without telling which of the two failed the forger."""
        try:
            # The expiry is checked below, on the injected clock.
            payload = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                options={"require": ["exp", "iat"], "verify_exp": False, "verify_iat": False},
            )
            claims = ParticipantClaims(
                app_id=payload["orgId"],
                meeting_id=payload["meetingId"],
                participant_id=payload["participantId"],
                preset_id=payload["presetId"],
                version=payload["ver"],
            )
            expires_s = float(payload["exp"])
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise Unauthorized("the participant's token is not valid") from error
        if self._clock.time_s() >= expires_s:
            raise Unauthorized("the participant's token has expired")
        return claims
