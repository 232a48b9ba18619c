"""SFTP: OpenSSH's server, with keys and passwords."""

import getpass
import subprocess
from pathlib import Path

from pydantic import SecretStr

from reelkit.process import ChildProcess
from reelkit.publish.storage.targets import SftpTarget
from reelkit.settings import StorageSettings
from testbed.free_port import LOOPBACK
from testbed.storage.server import StorageServer

SSHD = "/usr/sbin/sshd"
PASSWORD, PASSPHRASE = "testbed password", "testbed passphrase"

# sshd wants a directory in /run, and passwords in /etc/shadow: it gets both in a mount namespace of its own, and the
# machine stays as it is.
_START = """
mount -t tmpfs none /run && mkdir -m 755 /run/sshd && mount --bind "$1" /etc/shadow && exec {sshd} -D -e -f "$2"
"""


class Sshd(StorageServer):
    """Lets the current user in, by ``root/user_key`` (encrypted with PASSPHRASE in PEM), ``root/plain_key``, and
    PASSWORD; sessions begin in ``root/home``. Needs root, or a user namespace as scripts/netns.sh makes it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.home.mkdir(exist_ok=True)
        self.renew_host_key()
        for name, passphrase in (("user_key", PASSPHRASE), ("plain_key", ""), ("stranger_key", "")):
            _keygen(root / name, "-t", "ecdsa", "-m", "PEM", "-N", passphrase)
        keys = [(root / f"{name}.pub").read_text() for name in ("user_key", "plain_key")]
        (root / "authorized_keys").write_text("".join(keys))
        (root / "shadow").write_text(f"{getpass.getuser()}:{_crypted(PASSWORD)}:19000:0:99999:7:::\n")
        (root / "shadow").chmod(0o600)
        (root / "sshd_config").write_text(
            f"""
ListenAddress {LOOPBACK}
Port {self.port}
HostKey {root}/host_key
AuthorizedKeysFile {root}/authorized_keys
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
UseDNS no
PidFile none
MaxStartups 100
LogLevel VERBOSE
Subsystem sftp internal-sftp -d {self.home}
"""
        )

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def host_key(self) -> str:
        """As in known_hosts."""
        return (self.root / "host_key.pub").read_text().strip()

    def renew_host_key(self) -> None:
        """Another key, which counts from the next start."""
        for path in self.root.glob("host_key*"):
            path.unlink()
        _keygen(self.root / "host_key", "-t", "ed25519", "-N", "")

    def private_key(self, name: str = "user_key") -> SecretStr:
        return SecretStr((self.root / name).read_text())

    def target(self, path: str = "", port: int | None = None) -> SftpTarget:
        return SftpTarget(
            type="sftp",
            host=LOOPBACK,
            port=port or self.port,
            username=getpass.getuser(),
            auth_method="KEY",
            private_key=self.private_key(),
            password=SecretStr(PASSPHRASE),
            path=path,
        )

    def password_target(self, password: str = PASSWORD, port: int | None = None) -> SftpTarget:
        return self.target(port=port).model_copy(
            update={"auth_method": "PASSWORD", "private_key": None, "password": SecretStr(password)}
        )

    def wrong_target(self) -> SftpTarget:
        return self.target().model_copy(update={"private_key": self.private_key("stranger_key"), "password": None})

    def settings(self, port: int | None = None) -> StorageSettings:  # noqa: ARG002 - the target names the port
        return StorageSettings()

    def _command(self) -> ChildProcess:
        return ChildProcess(
            [
                *("unshare", "--mount", "--propagation", "private"),
                # Its sessions leave the process group, but end with the namespace.
                *("--pid", "--fork", "--kill-child"),
                *("sh", "-c", _START.format(sshd=SSHD), "sshd"),
                self.root / "shadow",
                self.root / "sshd_config",
            ],
            name="sshd",
            on_stderr=self.lines.append,
        )


def _keygen(path: Path, *options: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-f", path, *options], check=True, capture_output=True)


def _crypted(password: str) -> str:
    said = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password.encode(), check=True, capture_output=True
    )
    return said.stdout.decode().strip()
