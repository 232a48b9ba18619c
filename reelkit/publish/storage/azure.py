"""Azure Blob Storage: block blobs, whose blocks come in any order and count when their list is put.

https://learn.microsoft.com/rest/api/storageservices/put-block-list
"""

import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from email.utils import format_datetime
from http import HTTPStatus

import structlog

from reelkit.clock import Clock, utc
from reelkit.egress.client import HttpResponse
from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.azure_account import AzureAccount, azure_account
from reelkit.publish.storage.base import CHECK_NAME, ObjectStat, Part, PartRules
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable, UploadUnknown
from reelkit.publish.storage.names import object_key
from reelkit.publish.storage.object_reading import object_stat, read_in_ranges
from reelkit.publish.storage.rest import RestClient, content_md5, problem, xml_code
from reelkit.publish.storage.s3 import origin_of
from reelkit.publish.storage.sigv4 import uri_encode
from reelkit.publish.storage.targets import AzureTarget
from reelkit.settings import StorageSettings

log = structlog.get_logger(__name__)

_VERSION = "2023-11-03"
# https://learn.microsoft.com/azure/storage/blobs/scalability-targets; the largest block is bounded by our memory.
_RULES = PartRules(1, 1 << 30, 50_000, uniform=False, positional=False)
_NONCE_BYTES = 16
# InvalidOperation is Azurite's word for damage on the way.
_AGAIN = ("Md5Mismatch", "InvalidOperation", "OperationTimedOut", "ServerBusy", "InternalError")
_UNKNOWN = ("InvalidBlockList", "InvalidBlobOrBlock")
_ASSEMBLY_S = 60.0


class AzureContainer:
    """A Destination in a container."""

    rules = _RULES

    def __init__(self, target: AzureTarget, account: AzureAccount, rest: RestClient, clock: Clock) -> None:
        self.label = target.label
        self._account = account
        self._container = target.container
        self._path = target.path
        self._rest = rest
        self._clock = clock

    async def check(self) -> None:
        await self.put(CHECK_NAME, b"Reelkit may write here.\n", "text/plain")
        try:
            await self.delete(CHECK_NAME)
        except StorageRefused as error:
            # Signatures that may only write are a good idea and enough for deliveries.
            log.info("storage lets objects be written but not deleted", destination=self.label, reason=error.message)

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        headers = {
            "content-type": content_type,
            "content-md5": await content_md5(data),
            "x-ms-blob-type": "BlockBlob",
        }
        _require(await self._send("PUT", name, headers=headers, body=data))

    async def begin(self, name: str, content_type: str) -> str:
        """Azure needs no beginning: the id makes this upload's blocks differ from others' of the same name, and keeps
        the type until the end."""
        object_key(self._path, name)
        return f"{secrets.token_hex(_NONCE_BYTES)};{content_type}"

    async def put_part(self, name: str, upload_id: str, part: Part) -> str:
        block_id = b64encode(f"{upload_id.partition(';')[0]}-{part.number:05}".encode()).decode()
        headers = {"content-md5": await content_md5(part.data)}
        query = f"comp=block&blockid={uri_encode(block_id)}"
        _require(await self._send("PUT", name, query, headers=headers, body=part.data))
        return block_id

    async def knows(self, name: str, upload_id: str) -> bool:  # noqa: ARG002 - blocks need no upload to belong to
        return True

    async def complete(
        self,
        name: str,
        upload_id: str,
        receipts: Sequence[tuple[int, str]],
        size_bytes: int,  # noqa: ARG002 - the list of blocks says it all
    ) -> None:
        """A repeated call finds the blocks in the blob itself and changes nothing."""
        body = "".join(f"<Latest>{block_id}</Latest>" for _, block_id in receipts)
        answer = await self._send(
            "PUT",
            name,
            "comp=blocklist",
            headers={"content-type": "application/xml", "x-ms-blob-content-type": upload_id.partition(";")[2]},
            body=f'<?xml version="1.0" encoding="utf-8"?><BlockList>{body}</BlockList>'.encode(),
            patience_s=_ASSEMBLY_S,
        )
        _require(answer)

    async def abort(self, name: str, upload_id: str) -> None:
        """Azure has no call for it and throws blocks without a list away after a week."""

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
        answer = await self._send("DELETE", name, headers={"x-ms-delete-snapshots": "include"})
        if answer.status == HTTPStatus.NOT_FOUND and _code(answer) != "ContainerNotFound":
            return False
        _require(answer)
        return True

    async def close(self) -> None:
        await self._rest.close()

    async def _send(
        self,
        method: str,
        name: str,
        query: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        max_bytes: int = 1 << 20,
        patience_s: float = 0.0,
    ) -> HttpResponse:
        key = uri_encode(object_key(self._path, name), safe="/")
        url = self._account.url(f"/{self._container}/{key}", query)
        now = format_datetime(utc(self._clock.time_s()), usegmt=True)
        proved = self._account.headers(
            method, url, {**(headers or {}), "x-ms-date": now, "x-ms-version": _VERSION}, len(body)
        )
        return await self._rest.send(method, url, headers=proved, body=body, max_bytes=max_bytes, patience_s=patience_s)


def open_azure(target: AzureTarget, guard: EgressGuard, settings: StorageSettings, clock: Clock) -> AzureContainer:
    """A client for the container of ``target``. Raises StorageRefused for a connection string that is none."""
    endpoint = settings.endpoints.azure
    try:
        account = azure_account(target.connection_string.get_secret_value(), endpoint)
    except ValueError as error:
        raise StorageRefused(f"the connection string is not right: {error}") from None
    rest = RestClient(guard, settings, [origin_of(endpoint)] if endpoint else [])
    return AzureContainer(target, account, rest, clock)


def _code(answer: HttpResponse) -> str:
    given = answer.headers.get("x-ms-error-code", "")
    return given if given.isalnum() else xml_code(answer.body)


def _require(answer: HttpResponse) -> HttpResponse:
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    code = _code(answer)
    if code in _UNKNOWN:
        raise UploadUnknown(f"the storage does not know the upload: {code}")
    if answer.status == HTTPStatus.PRECONDITION_FAILED:
        raise StorageUnavailable("the object was replaced while it was read")
    raise problem(answer, code, _AGAIN)
