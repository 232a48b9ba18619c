"""Azure Blob Storage: Microsoft's emulator Azurite."""

import hmac
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
from pydantic import SecretStr

from reelkit.clock import SystemClock, utc
from reelkit.process import ChildProcess
from reelkit.publish.storage.azure_account import azure_account
from reelkit.publish.storage.targets import AzureTarget
from reelkit.settings import StorageSettings
from testbed.free_port import LOOPBACK
from testbed.storage.server import BUCKET, StorageServer

PROGRAM = Path(__file__).resolve().parents[1] / "azurite/node_modules/.bin/azurite-blob"
_VERSION = "2023-11-03"
# Documented by Microsoft as the emulator's own.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Azurite(StorageServer):
    """Keeps its blobs in ``root``. Callers' connection strings lead to it, so that the guard has to allow loopback."""

    def connection_string(self, port: int | None = None, key: str = KEY) -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={self._endpoint(port)};"
        )

    def target(self, path: str = "", port: int | None = None) -> AzureTarget:
        return AzureTarget(
            type="azure", connection_string=SecretStr(self.connection_string(port)), container=BUCKET, path=path
        )

    def shared_target(self, expires: datetime, path: str = "", port: int | None = None) -> AzureTarget:
        """With a shared access signature instead of the key."""
        given = f"BlobEndpoint={self._endpoint(port)};SharedAccessSignature={_shared_access(expires)}"
        return self.target(path).model_copy(update={"connection_string": SecretStr(given)})

    def wrong_target(self) -> AzureTarget:
        key = b64encode(b"guessed").decode()
        return self.target().model_copy(update={"connection_string": SecretStr(self.connection_string(key=key))})

    def settings(self, port: int | None = None) -> StorageSettings:
        return StorageSettings.model_validate({"endpoints": {"azure": self._endpoint(port)}})

    async def start(self) -> None:
        await super().start()
        url = f"{self._endpoint()}/{quote(BUCKET)}?restype=container"
        account = azure_account(self.connection_string())
        now = utc(SystemClock().time_s()).strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers = account.headers("PUT", url, {"x-ms-date": now, "x-ms-version": _VERSION}, 0)
        async with httpx.AsyncClient() as client:
            answer = await client.put(url, headers=headers)
        if answer.status_code not in {201, 409}:
            raise RuntimeError(f"azurite made no container: {answer.status_code}")

    def _endpoint(self, port: int | None = None) -> str:
        return f"http://{LOOPBACK}:{port or self.port}/{ACCOUNT}"

    def _command(self) -> ChildProcess:
        return ChildProcess(
            [
                PROGRAM,
                "--silent",
                "--disableTelemetry",
                "--disableProductStyleUrl",
                *("--blobHost", LOOPBACK, "--blobPort", str(self.port), "--location", str(self.root)),
            ],
            name="azurite",
            on_stderr=self.lines.append,
        )


def _shared_access(expires: datetime) -> str:
    """An account's signature: https://learn.microsoft.com/rest/api/storageservices/create-account-sas"""
    query = {
        "sv": _VERSION,
        "ss": "b",
        "srt": "o",
        "sp": "rwd",
        "se": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "spr": "https,http",
    }
    fields = (
        ACCOUNT,
        *(query.get(name, "") for name in ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses")),
        "",
    )
    digest = hmac.digest(b64decode(KEY), "\n".join(fields).encode(), "sha256")
    return urlencode(query | {"sig": b64encode(digest).decode()})
