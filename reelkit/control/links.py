"""Links to hosted files, as callers get them in answers and webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reelkit.clock import Clock, utc
from reelkit.control.hosted import BucketState, Hosted
from reelkit.control.ports import Bucket
from reelkit.publish.bucket import BucketLinks, FileAddress

# The longest that S3 lets a presigned URL live.
MAX_PRESIGNED_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Links:
    """Signed URLs, each None if there is no such file."""

    download_url: str | None = None
    """The main file: the film, or the sound where there is no film."""
    audio_download_url: str | None = None
    integrity_url: str | None = None
    extras: Mapping[str, str] = field(default_factory=dict)
    """Of further files, by name."""


class HostedLinks:
    """Makes links that end when their files are deleted.

    They point straight at the bucket where it can be read by a presigned URL and ``direct`` says so; else at this
    server's download route below ``public_url``, which sends the file or redirects to a presigned URL of its own.
    """

    def __init__(self, bucket: Bucket, signer: BucketLinks, clock: Clock, public_url: str, *, direct: bool) -> None:
        self._bucket = bucket
        self._signer = signer
        self._clock = clock
        self._public_url = public_url
        self._direct = direct

    def to(self, item: Hosted) -> Links:
        """Links to the files of ``item``; none once they are expired or removed."""
        return Links(
            download_url=self.url(item, item.output_file_name) if item.file_size_bytes is not None else None,
            audio_download_url=self.url(item, item.audio_file_name)
            if item.audio_file_name is not None and item.audio_size_bytes is not None
            else None,
            integrity_url=self.url(item, item.integrity_file_name) if item.integrity_sha256 is not None else None,
            extras={file.name: url for file in item.extras if (url := self.url(item, file.name)) is not None},
        )

    def url(self, item: Hosted, name: str) -> str | None:
        """A link to one hosted file of ``item``; None once its files are expired or removed."""
        now_s = self._clock.time_s()
        if item.download_expires_at is None or item.bucket_state(utc(now_s)) is not BucketState.STORED:
            return None
        expires_s = item.download_expires_at.timestamp()
        if self._direct and expires_s - now_s <= MAX_PRESIGNED_S:
            address = FileAddress.of(item.app_id, item.id, name)
            direct = self._bucket.presigned(address, expires_s - now_s)
            if direct is not None:
                return direct
        return self.signed("bucket", item.app_id, item.id, name, expires_s)

    def signed(self, route: str, app_id: str, owner_id: str, name: str, expires_s: float) -> str:
        """A signed link to a route of this server, which verifies it with the same signer."""
        return f"{self._public_url}/{route}/{self._signer.sign(app_id, owner_id, name, expires_s)}"
