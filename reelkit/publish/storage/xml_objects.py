"""Objects and multipart uploads by the XML that Amazon S3 made and that Google Cloud Storage speaks too."""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import Protocol

import structlog

from reelkit.egress.client import HttpResponse
from reelkit.publish.storage.base import CHECK_NAME, ObjectStat, Part, PartRules
from reelkit.publish.storage.errors import DestinationError, StorageRefused, StorageUnavailable, UploadUnknown
from reelkit.publish.storage.names import object_key
from reelkit.publish.storage.object_reading import object_stat, read_in_ranges
from reelkit.publish.storage.rest import RestClient, content_md5, problem, sha256_hex, xml_code, xml_text
from reelkit.publish.storage.sigv4 import uri_encode

log = structlog.get_logger(__name__)

# Putting thousands of parts together may take minutes.
_ASSEMBLY_S = 300.0
_MD5_ETAG = re.compile(r"[0-9a-f]{32}")
_UNKNOWN = frozenset({"NoSuchUpload", "InvalidPart", "InvalidPartOrder"})
# What another try may cure: states of the service, and damage on the way.
_AGAIN = frozenset(
    {
        "BadDigest",
        "InternalError",
        "OperationAborted",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "XAmzContentSHA256Mismatch",
    }
)


class Authorise(Protocol):
    """Proves requests."""

    async def headers(
        self, method: str, url: str, headers: Mapping[str, str], payload_sha256: str
    ) -> Mapping[str, str]:
        """All headers to send for this request, which are ``headers`` and what proves it."""

    def renew(self) -> bool:
        """After an answer 401: whether the next headers hold another proof."""


class XmlObjects:
    """A Destination in the bucket at ``base_url``."""

    def __init__(
        self, rest: RestClient, authorise: Authorise, *, base_url: str, path: str, label: str, rules: PartRules
    ) -> None:
        self.rules = rules
        self.label = label
        self._rest = rest
        self._authorise = authorise
        self._base_url = base_url
        self._path = path

    async def check(self) -> None:
        await self.put(CHECK_NAME, b"Reelkit may write here.\n", "text/plain")
        try:
            await self.delete(CHECK_NAME)
        except StorageRefused as error:
            # Keys that may only upload are a good idea and enough for deliveries.
            log.info("storage lets objects be written but not deleted", destination=self.label, reason=error.message)

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        headers = {"content-type": content_type, "content-md5": await content_md5(data)}
        _require(await self._send("PUT", name, headers=headers, body=data))

    async def begin(self, name: str, content_type: str) -> str:
        answer = await self._send("POST", name, "uploads=", headers={"content-type": content_type})
        upload_id = xml_text(_require(answer).body, "UploadId")
        if not upload_id:
            raise StorageRefused("the storage began an upload without telling its id")
        return upload_id

    async def put_part(self, name: str, upload_id: str, part: Part) -> str:
        answer = await self._send(
            "PUT",
            name,
            f"partNumber={part.number}&uploadId={uri_encode(upload_id)}",
            headers={"content-md5": await content_md5(part.data)},
            body=part.data,
            sha256=part.sha256,
        )
        if answer.status == HTTPStatus.NOT_IMPLEMENTED:
            # Of a storage that hands parts on as they arrive (rclone), once one was damaged on its way.
            raise UploadUnknown("the storage cannot take a part again")
        etag = _require(answer).headers.get("etag", "").strip('"')
        if not etag:
            raise StorageRefused("the storage took a part without a receipt")
        return etag

    async def knows(self, name: str, upload_id: str) -> bool:
        answer = await self._send("GET", name, f"max-parts=1&uploadId={uri_encode(upload_id)}")
        return xml_code(answer.body) != "NoSuchUpload"

    async def complete(self, name: str, upload_id: str, receipts: Sequence[tuple[int, str]], size_bytes: int) -> None:
        """Numbers have to ascend, as S3 wants it."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
            for number, etag in receipts
        )
        answer = await self._send(
            "POST",
            name,
            f"uploadId={uri_encode(upload_id)}",
            headers={"content-type": "application/xml"},
            body=f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode(),
            patience_s=_ASSEMBLY_S,
        )
        try:
            _require(answer)
            # The status is sent before the parts are put together; only the body tells how it went.
            if code := xml_code(answer.body):
                raise _problem(answer, code)
            if answer.cut or not xml_text(answer.body, "ETag"):
                raise StorageUnavailable("the storage's answer to the end of an upload broke off")
        except UploadUnknown:
            # It is gone also if it was completed by an earlier call whose answer was lost.
            if not await self._is_complete(name, receipts, size_bytes):
                raise

    async def abort(self, name: str, upload_id: str) -> None:
        answer = await self._send("DELETE", name, f"uploadId={uri_encode(upload_id)}")
        if answer.status != HTTPStatus.NOT_FOUND:
            _require(answer)

    async def stat(self, name: str) -> ObjectStat | None:
        answer = await self._send("HEAD", name)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return object_stat(_require(answer).headers)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        found = await self.stat(name)
        if found is None:
            raise FileNotFoundError(name)

        async def get(headers: Mapping[str, str], max_bytes: int) -> HttpResponse:
            return _require(await self._send("GET", name, headers=headers, max_bytes=max_bytes))

        async for piece in read_in_ranges(found, get):
            yield piece

    async def delete(self, name: str) -> bool:
        answer = await self._send("DELETE", name)
        if answer.status == HTTPStatus.NOT_FOUND and xml_code(answer.body) != "NoSuchBucket":
            return False
        _require(answer)
        return True

    async def close(self) -> None:
        await self._rest.close()

    async def _is_complete(self, name: str, receipts: Sequence[tuple[int, str]], size_bytes: int) -> bool:
        try:
            found = await self.stat(name)
        except StorageRefused:
            return False
        if found is None or found.size_bytes != size_bytes:
            return False
        wanted = _etag_of(receipts)
        # Encrypted buckets have etags of another kind, which tell nothing.
        return wanted is None or found.etag is None or "-" not in found.etag or found.etag == wanted

    async def _send(
        self,
        method: str,
        name: str,
        query: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        sha256: str | None = None,
        max_bytes: int = 1 << 20,
        patience_s: float = 0.0,
    ) -> HttpResponse:
        key = uri_encode(object_key(self._path, name), safe="/")
        url = f"{self._base_url}/{key}" + (f"?{query}" if query else "")
        digest = sha256 or await sha256_hex(body)

        async def attempt() -> HttpResponse:
            proved = await self._authorise.headers(method, url, headers or {}, digest)
            return await self._rest.send(
                method, url, headers=proved, body=body, max_bytes=max_bytes, patience_s=patience_s
            )

        answer = await attempt()
        if answer.status == HTTPStatus.UNAUTHORIZED and self._authorise.renew():
            answer = await attempt()
        return answer


def _require(answer: HttpResponse) -> HttpResponse:
    if answer.status in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT, HTTPStatus.PARTIAL_CONTENT}:
        return answer
    raise _problem(answer, xml_code(answer.body))


def _problem(answer: HttpResponse, code: str) -> DestinationError:
    if code in _UNKNOWN:
        return UploadUnknown(f"the storage does not know the upload: {code}")
    if answer.status == HTTPStatus.PRECONDITION_FAILED:
        return StorageUnavailable("the object was replaced while it was read")
    if answer.status == HTTPStatus.MOVED_PERMANENTLY:
        return StorageRefused("the bucket is not in this region")
    return problem(answer, code, _AGAIN)


def _etag_of(receipts: Sequence[tuple[int, str]]) -> str | None:
    """The etag that S3 gives an object of these parts; None if their etags are no MD5."""
    etags = [etag for _, etag in receipts]
    if not all(_MD5_ETAG.fullmatch(etag) for etag in etags):
        return None
    digest = hashlib.md5(b"".join(bytes.fromhex(etag) for etag in etags), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(etags)}"
