"""S3: ``rclone serve s3``."""

import os
import sys
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from reelkit.process import ChildProcess
from reelkit.publish.storage.targets import S3Target
from reelkit.settings import StorageEndpoints, StorageSettings
from testbed.free_port import LOOPBACK
from testbed.storage.server import BUCKET, StorageServer

RCLONE = Path(sys.executable).with_name("rclone")
_ANY_ORDER = ("--multipart-streaming-buffer-limit", "0", "--multipart-streaming-buffer-total", "0")
"""Other S3 servers take parts in any order as a matter of course. This one keeps them in memory until their turn."""
ACCESS_KEY, SECRET = "testbed-access-key", "testbed-secret-key"


class RcloneS3(StorageServer):
    """Serves ``root/objects``. ``authenticated=False`` lets everybody in, whatever they show."""

    def __init__(self, root: Path, *, authenticated: bool = True) -> None:
        super().__init__(root)
        self._authenticated = authenticated
        (self.objects / BUCKET).mkdir(parents=True, exist_ok=True)

    @property
    def objects(self) -> Path:
        """Directories in it are buckets."""
        return self.root / "objects"

    def target(self, path: str = "", kind: Literal["aws", "digitalocean", "cloudflare"] = "aws") -> S3Target:
        return S3Target(
            type=kind,
            access_key=SecretStr(ACCESS_KEY),
            secret=SecretStr(SECRET),
            bucket=BUCKET,
            region="auto" if kind == "cloudflare" else "eu-central-1",
            account_id="0" * 32 if kind == "cloudflare" else None,
            path=path,
        )

    def wrong_target(self) -> S3Target:
        return self.target().model_copy(update={"secret": SecretStr("guessed")})

    def settings(self, port: int | None = None) -> StorageSettings:
        url = f"http://{LOOPBACK}:{port or self.port}"
        return StorageSettings(endpoints=StorageEndpoints(aws=url, digitalocean=url, cloudflare=url))

    def _command(self) -> ChildProcess:
        config = self.root / "rclone.conf"
        config.touch()
        environment = dict(os.environ)
        if self._authenticated:
            environment["RCLONE_AUTH_KEY"] = f'"{ACCESS_KEY},{SECRET}"'
        return ChildProcess(
            [RCLONE, "serve", "s3", *_ANY_ORDER, "--addr", f"{LOOPBACK}:{self.port}", "--config", config, self.objects],
            name="rclone-s3",
            env=environment,
            on_stderr=self.lines.append,
        )
