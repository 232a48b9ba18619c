"""Opens the hosted bucket that the settings name."""

from pathlib import Path

from pydantic import SecretStr

from reelkit.clock import Clock
from reelkit.egress.guard import EgressGuard
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.publish.bucket_s3 import S3Bucket
from reelkit.publish.storage.open import open_destination
from reelkit.publish.storage.s3 import s3_bucket_url
from reelkit.publish.storage.sigv4 import SigV4, uri_encode
from reelkit.publish.storage.targets import S3Target
from reelkit.settings import Settings


def open_bucket(settings: Settings, directory: Path, clock: Clock) -> DirectoryBucket | S3Bucket:
    """The bucket, without having been spoken to. ``directory`` is the bucket itself, or holds what a bucket elsewhere
    needs on this machine."""
    wanted = settings.bucket
    if wanted.kind == "directory":
        return DirectoryBucket(directory)
    access_key, secret = wanted.access_key or SecretStr(""), wanted.secret or SecretStr("")
    target = S3Target(
        type="aws",
        access_key=access_key,
        secret=secret,
        bucket=wanted.bucket or "",
        region=wanted.region,
        path=wanted.prefix.strip("/"),
    )
    # The operator's own setting, and not a caller's: whatever it names may be reached.
    endpoints = settings.storage.endpoints.model_copy(update={"aws": wanted.endpoint})
    storage = settings.storage.model_copy(update={"endpoints": endpoints})
    destination = open_destination(target, guard=EgressGuard(settings.egress), settings=storage, clock=clock)
    base_url = _base_url(target, wanted.public_endpoint or wanted.endpoint)
    return S3Bucket(destination, directory, SigV4(access_key, secret, wanted.region), base_url, clock)


def _base_url(target: S3Target, endpoint: str | None) -> str:
    """Where callers find the prefix."""
    return "/".join([s3_bucket_url(target, endpoint), *(uri_encode(part) for part in target.path.split("/") if part)])
