"""AWS Signature Version 4, as S3 wants it: no double encoding, no normalised paths.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import SecretStr

_ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256().hexdigest()
# Seven days: the most that a presigned URL may live.
MAX_PRESIGNED_S = 604_800


@dataclass(frozen=True, slots=True)
class SigV4:
    """Signs requests with one pair of keys."""

    access_key: SecretStr
    secret: SecretStr
    region: str
    service: str = "s3"

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], payload_sha256: str, now: datetime
    ) -> dict[str, str]:
        """``headers`` (without ``host``) and those that prove the request: all have to be sent, and the body with this
        digest. ``url`` is as it is sent, its path and query percent-encoded."""
        stamp = _stamp(now)
        complete = {name.lower(): value for name, value in headers.items()} | {"x-amz-date": stamp}
        if self.service == "s3":
            complete["x-amz-content-sha256"] = payload_sha256
        signed = complete | {"host": urlsplit(url).netloc}
        names = ";".join(sorted(signed))
        signature = self._signature(_canonical(method, url, (), signed, payload_sha256), stamp)
        complete["authorization"] = (
            f"{_ALGORITHM} Credential={self.access_key.get_secret_value()}/{self._scope(stamp)}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return complete

    def presigned_url(
        self, method: str, url: str, expires_s: int, now: datetime, query: Mapping[str, str] | None = None
    ) -> str:
        """``url`` with a query that lets anybody make this request for ``expires_s`` seconds, at most seven days.

        ``query`` is added and signed, such as ``response-content-disposition``.
        """
        stamp = _stamp(now)
        added = [
            *(query or {}).items(),
            ("X-Amz-Algorithm", _ALGORITHM),
            ("X-Amz-Credential", f"{self.access_key.get_secret_value()}/{self._scope(stamp)}"),
            ("X-Amz-Date", stamp),
            ("X-Amz-Expires", str(min(expires_s, MAX_PRESIGNED_S))),
            ("X-Amz-SignedHeaders", "host"),
        ]
        host = {"host": urlsplit(url).netloc}
        signature = self._signature(_canonical(method, url, added, host, UNSIGNED_PAYLOAD), stamp)
        joiner = "&" if urlsplit(url).query else "?"
        return f"{url}{joiner}{_encoded(added)}&X-Amz-Signature={signature}"

    def _scope(self, stamp: str) -> str:
        return f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"

    def _signature(self, canonical: str, stamp: str) -> str:
        text = "\n".join((_ALGORITHM, stamp, self._scope(stamp), hashlib.sha256(canonical.encode()).hexdigest()))
        key = b"AWS4" + self.secret.get_secret_value().encode()
        for part in (stamp[:8], self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


def uri_encode(text: str, safe: str = "") -> str:
    """Percent-encodes everything but RFC 3986's unreserved characters and ``safe``."""
    return quote(text, safe=safe + "-_.~")


def _canonical(
    method: str, url: str, added: Iterable[tuple[str, str]], headers: Mapping[str, str], payload_sha256: str
) -> str:
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *added]
    names = sorted(headers)
    return "\n".join(
        (
            method,
            parts.path or "/",
            "&".join(sorted(f"{uri_encode(name)}={uri_encode(value)}" for name, value in query)),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names),
            "",
            ";".join(names),
            payload_sha256,
        )
    )


def _encoded(query: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{uri_encode(name)}={uri_encode(value)}" for name, value in query)


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
