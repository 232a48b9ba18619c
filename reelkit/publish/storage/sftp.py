"""SSH servers: files written at their offsets under a name of their own, and renamed when they are whole."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from posixpath import dirname

import asyncssh
import structlog

from reelkit.publish.storage.base import CHECK_NAME, READ_BYTES, ObjectStat, Part, PartRules
from reelkit.publish.storage.errors import DestinationError, StorageRefused, StorageUnavailable, UploadUnknown
from reelkit.publish.storage.names import object_key
from reelkit.publish.storage.ssh_connection import SshConnector
from reelkit.settings import StorageSettings

log = structlog.get_logger(__name__)

_RULES = PartRules(1, 1 << 30, 1 << 30, uniform=False, positional=True)
_ID_BYTES = 16
_RECEIPT = "written"
# asyncssh's own code for a channel whose subsystem was refused; RFC 4254 ends long before it.
_SESSION_REFUSED = 0xFFFF_FFFF
# The connection is gone or of no more use; the server is what it was.
_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPBadMessage)
# Where a file of an upload is missing is asked before; what else is missing is a directory that cannot be made.
_DENIED = (
    asyncssh.SFTPPermissionDenied,
    asyncssh.SFTPWriteProtect,
    asyncssh.SFTPNotADirectory,
    asyncssh.SFTPNoSuchFile,
    asyncssh.SFTPNoSuchPath,
)


class SftpDirectory:
    """A Destination below a directory of a server. SSH proves what arrives; nothing else is asked of the server.

    One connection serves all calls and is made anew when it breaks.
    """

    rules = _RULES

    def __init__(self, connector: SshConnector, path: str, label: str, settings: StorageSettings) -> None:
        self.label = label
        self._connector = connector
        self._path = path
        self._settings = settings
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._connecting = asyncio.Lock()

    async def check(self) -> None:
        await self.put(CHECK_NAME, b"Reelkit may write here.\n", "text/plain")
        try:
            await self.delete(CHECK_NAME)
        except StorageRefused as error:
            log.info("storage lets files be written but not deleted", destination=self.label, reason=error.message)

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        upload_id = await self.begin(name, content_type)
        try:
            await self._write(name, upload_id, 0, data)
            await self.complete(name, upload_id, (), len(data))
        except DestinationError:
            with suppress(DestinationError):
                await self.abort(name, upload_id)
            raise

    async def begin(self, name: str, content_type: str) -> str:  # noqa: ARG002 - files have no type
        upload_id = secrets.token_hex(_ID_BYTES)
        path = self._part_path(name, upload_id)
        async with self._sftp() as sftp:
            await _make_directories(sftp, dirname(path))
            async with sftp.open(path, "wb"):
                pass
        return upload_id

    async def put_part(self, name: str, upload_id: str, part: Part) -> str:
        if part.offset is None:
            raise ValueError("a part for SFTP needs its offset")
        await self._write(name, upload_id, part.offset, part.data)
        return _RECEIPT

    async def knows(self, name: str, upload_id: str) -> bool:
        async with self._sftp() as sftp:
            return await _size(sftp, self._part_path(name, upload_id)) is not None

    async def complete(
        self,
        name: str,
        upload_id: str,
        receipts: Sequence[tuple[int, str]],  # noqa: ARG002 - parts are where they belong
        size_bytes: int,
    ) -> None:
        path, part_path = object_key(self._path, name), self._part_path(name, upload_id)
        async with self._sftp() as sftp:
            try:
                async with sftp.open(part_path, asyncssh.FXF_READ | asyncssh.FXF_WRITE, encoding=None) as file:
                    if (await file.stat()).size != size_bytes:
                        raise UploadUnknown("the server's file has not the size of what was sent to it")
                    with suppress(asyncssh.SFTPOpUnsupported):
                        await file.fsync()
            except asyncssh.SFTPNoSuchFile:
                # It was renamed if an earlier call's answer was lost.
                if await _size(sftp, path) == size_bytes:
                    return
                raise UploadUnknown("the server has no file of this upload") from None
            await _rename(sftp, part_path, path)

    async def abort(self, name: str, upload_id: str) -> None:
        async with self._sftp() as sftp:
            with suppress(asyncssh.SFTPNoSuchFile):
                await sftp.remove(self._part_path(name, upload_id))

    async def stat(self, name: str) -> ObjectStat | None:
        async with self._sftp() as sftp:
            size = await _size(sftp, object_key(self._path, name))
            return None if size is None else ObjectStat(size, None, None)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        path = object_key(self._path, name)
        offset = 0
        while piece := await self._piece(path, offset):
            yield piece
            offset += len(piece)
        if piece is None:
            raise FileNotFoundError(name)

    async def _piece(self, path: str, offset: int) -> bytes | None:
        """What is there; nothing at the file's end, None if there is no file."""
        async with self._sftp(READ_BYTES) as sftp:
            try:
                async with sftp.open(path, "rb") as file:
                    piece: bytes = await file.read(READ_BYTES, offset)
                    return piece
            except asyncssh.SFTPNoSuchFile:
                return None

    async def delete(self, name: str) -> bool:
        async with self._sftp() as sftp:
            try:
                await sftp.remove(object_key(self._path, name))
            except asyncssh.SFTPNoSuchFile:
                return False
            return True

    async def close(self) -> None:
        self._drop(self._client)

    async def _write(self, name: str, upload_id: str, offset: int, data: bytes) -> None:
        async with self._sftp(len(data)) as sftp:
            try:
                async with sftp.open(self._part_path(name, upload_id), asyncssh.FXF_WRITE, encoding=None) as file:
                    await file.write(data, offset)
            except asyncssh.SFTPNoSuchFile:
                raise UploadUnknown("the server has no file of this upload") from None

    def _part_path(self, name: str, upload_id: str) -> str:
        directory = dirname(object_key(self._path, name))
        part = f".reelkit-{upload_id}.part"
        return f"{directory}/{part}" if directory.strip("/") else directory + part

    @asynccontextmanager
    async def _sftp(self, data_bytes: int = 0) -> AsyncIterator[asyncssh.SFTPClient]:
        """A client for one call with its deadline; what goes wrong with it comes out as this package's errors."""
        deadline_s = self._settings.request_timeout_s + data_bytes / self._settings.min_rate_bytes_per_s
        client: asyncssh.SFTPClient | None = None
        try:
            async with asyncio.timeout(deadline_s):
                client = await self._connected()
                yield client
        except TimeoutError as error:
            self._drop(client)
            raise StorageUnavailable(f"the SSH server did not answer within {deadline_s:g} s") from error
        except _DENIED as error:
            raise StorageRefused("the SSH server does not permit this in that directory") from error
        except _LOST as error:
            self._drop(client)
            raise StorageUnavailable("the connection to the SSH server broke off") from error
        except asyncssh.SFTPError as error:
            # Among them a full disk, for which version 3 of the protocol has no word of its own.
            raise StorageUnavailable(f"the SSH server could not do it (SFTP status {error.code})") from error
        except (asyncssh.Error, OSError) as error:
            self._drop(client)
            raise StorageUnavailable("the connection to the SSH server broke off") from error

    async def _connected(self) -> asyncssh.SFTPClient:
        async with self._connecting:
            if self._client is None or self._connection is None or self._connection.is_closed():
                self._drop(self._client)
                self._connection = await self._connector.connect()
                try:
                    self._client = await self._connection.start_sftp_client()
                except asyncssh.ChannelOpenError as error:
                    if error.code == _SESSION_REFUSED and not self._connection.is_closed():
                        raise StorageRefused("the SSH server offers no SFTP") from error
                    raise
            return self._client

    def _drop(self, client: asyncssh.SFTPClient | None) -> None:
        """Lets the connection of ``client`` go without a word, as it may not answer any more; another call may have
        made a new one meanwhile."""
        if client is not self._client:
            return
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()


async def _size(sftp: asyncssh.SFTPClient, path: str) -> int | None:
    try:
        attributes = await sftp.stat(path)
    except asyncssh.SFTPNoSuchFile:
        return None
    return attributes.size if attributes.type == asyncssh.FILEXFER_TYPE_REGULAR else None


async def _make_directories(sftp: asyncssh.SFTPClient, path: str) -> None:
    if not path.strip("/") or await sftp.isdir(path):
        return
    await _make_directories(sftp, dirname(path))
    try:
        await sftp.mkdir(path)
    except asyncssh.SFTPError:
        # Another call may have been faster.
        if not await sftp.isdir(path):
            raise


async def _rename(sftp: asyncssh.SFTPClient, source: str, target: str) -> None:
    """In one step where the server knows OpenSSH's rename; others cannot replace a file but by removing it first."""
    try:
        await sftp.posix_rename(source, target)
    except asyncssh.SFTPOpUnsupported:
        with suppress(asyncssh.SFTPNoSuchFile):
            await sftp.remove(target)
        await sftp.rename(source, target)
