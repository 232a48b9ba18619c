"""Amazon S3, DigitalOcean Spaces, Cloudflare R2, and what the operator has in place of them."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from reelkit.clock import Clock, utc
from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.base import PartRules
from reelkit.publish.storage.rest import RestClient
from reelkit.publish.storage.sigv4 import SigV4, uri_encode
from reelkit.publish.storage.targets import S3Target
from reelkit.publish.storage.xml_objects import XmlObjects
from reelkit.settings import StorageSettings

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html; the largest part is bounded by our memory.
# Certificates hold for one label before the service's name.
_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_S3_RULES = PartRules(5 << 20, 1 << 30, 10_000, uniform=False, positional=False)
# https://developers.cloudflare.com/r2/objects/multipart-objects/
_R2_RULES = PartRules(5 << 20, 1 << 30, 10_000, uniform=True, positional=False)


class SignedRequests:
    """Proves requests by a signature that counts for these bytes only."""

    def __init__(self, signer: SigV4, clock: Clock) -> None:
        self._signer = signer
        self._clock = clock

    async def headers(
        self, method: str, url: str, headers: Mapping[str, str], payload_sha256: str
    ) -> Mapping[str, str]:
        return self._signer.headers(method, url, headers, payload_sha256, utc(self._clock.time_s()))

    def renew(self) -> bool:
        return False


def s3_bucket_url(target: S3Target, endpoint: str | None) -> str:
    """The URL of a bucket: below ``endpoint`` if the operator set one, with the bucket in its path."""
    if endpoint is not None:
        return f"{endpoint}/{uri_encode(target.bucket)}"
    if target.type == "cloudflare":
        return f"https://{target.account_id}.r2.cloudflarestorage.com/{target.bucket}"
    region = target.region
    host = f"{region}.digitaloceanspaces.com" if target.type == "digitalocean" else f"s3.{region}.amazonaws.com"
    if target.type == "aws" and region.startswith("cn-"):
        host += ".cn"
    if _LABEL.fullmatch(target.bucket):
        return f"https://{target.bucket}.{host}"
    return f"https://{host}/{uri_encode(target.bucket)}"


def open_s3(target: S3Target, guard: EgressGuard, settings: StorageSettings, clock: Clock) -> XmlObjects:
    """A client for the bucket of ``target``."""
    endpoint: str | None = getattr(settings.endpoints, target.type)
    base_url = s3_bucket_url(target, endpoint)
    return XmlObjects(
        RestClient(guard, settings, [origin_of(endpoint)] if endpoint else []),
        SignedRequests(SigV4(target.access_key, target.secret, target.region), clock),
        base_url=base_url,
        path=target.path,
        label=target.label,
        rules=_R2_RULES if target.type == "cloudflare" else _S3_RULES,
    )


def origin_of(url: str) -> str:
    """Scheme, host and port of ``url``."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
