"""Logins, host keys, and what servers lack."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest
from pydantic import SecretStr

from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable
from reelkit.publish.storage.host_keys import KeptHostKeys
from reelkit.publish.storage.open import open_destination
from reelkit.publish.storage.targets import Target
from reelkit.settings import EgressSettings, StorageSettings
from testbed.faulty_link import FaultyLink
from testbed.free_port import LOOPBACK
from testbed.storage.sshd import Sshd

OPEN = EgressGuard(EgressSettings(allowed_networks=[LOOPBACK]))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Sshd]:
    async with Sshd(tmp_path) as started:
        yield started


async def check(target: Target, **options: object) -> None:
    given: dict[str, object] = {"guard": OPEN, "settings": StorageSettings()} | options
    destination: Destination = open_destination(target, **given)  # type: ignore[arg-type]
    try:
        await destination.check()
    finally:
        await destination.close()


async def test_keys_and_passwords(server: Sshd) -> None:
    await check(server.target("with/passphrase"))
    plain = {"private_key": server.private_key("plain_key"), "password": None}
    await check(server.target("without").model_copy(update=plain))
    await check(server.password_target())
    with pytest.raises(StorageRefused, match="login"):
        await check(server.password_target("guessed"))
    # The passphrase of a key is not tried as a password, and a key that nobody gave is not tried at all.
    with pytest.raises(StorageRefused, match="login"):
        await check(server.wrong_target().model_copy(update={"password": server.password_target().password}))
    assert not [line for line in server.lines if line.startswith("Failed password") and "guessed" in line]


async def test_files_lie_where_the_path_says(server: Sshd) -> None:
    for path, directory in (("below/home", server.home / "below/home"), (f"{server.root}/abs", server.root / "abs")):
        destination = open_destination(server.target(path), guard=OPEN, settings=StorageSettings())
        await destination.put("film.mp4", b"film", "video/mp4")
        await destination.close()
        assert [(file.name, file.read_bytes()) for file in directory.iterdir()] == [("film.mp4", b"film")]


async def test_the_first_key_is_pinned_and_another_one_is_refused_before_the_login(server: Sshd) -> None:
    keys = KeptHostKeys()
    await check(server.password_target(), host_keys=keys)
    pinned = await keys.known(LOOPBACK, server.port)
    assert pinned is not None
    assert pinned.split()[:2] == server.host_key.split()[:2]

    await server.stop()
    server.renew_host_key()
    await server.start()
    server.lines.clear()
    with pytest.raises(StorageRefused, match="host key"):
        await check(server.password_target(), host_keys=keys)
    assert not [line for line in server.lines if "password" in line]


async def test_only_servers_of_the_operators_list_are_spoken_to(server: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    settings = StorageSettings(sftp_known_hosts=known)
    known.write_text(f"[{LOOPBACK}]:{server.port} {server.host_key}\n")
    await check(server.target(), settings=settings)

    with pytest.raises(StorageUnavailable, match="sftp_known_hosts"):
        await check(server.target(), settings=StorageSettings(sftp_known_hosts=tmp_path / "none"))
    server_key = " ".join(server.host_key.split()[:2])
    known.write_text(f"elsewhere.example {server_key}\n")
    with pytest.raises(StorageRefused, match="host key"):
        await check(server.target(), settings=settings)


async def test_the_guard_judges_the_address(server: Sshd) -> None:
    async with FaultyLink(server.port) as link:
        with pytest.raises(StorageRefused, match="not on the public internet"):
            await check(server.target(port=link.port), guard=EgressGuard(EgressSettings()))
        assert link.connections == 0


async def test_names_are_resolved_once_for_each_connection_and_keys_belong_to_names(server: Sshd) -> None:
    asked = []

    async def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return [LOOPBACK]

    keys = KeptHostKeys()
    guard = EgressGuard(EgressSettings(allowed_networks=[LOOPBACK]), resolve)
    await check(server.target().model_copy(update={"host": "files.example"}), guard=guard, host_keys=keys)
    assert asked == ["files.example"]
    assert await keys.known("files.example", server.port) is not None


async def test_what_may_not_be_written_is_refused(server: Sshd) -> None:
    with pytest.raises(StorageRefused):
        await check(server.target("/proc/no/such"))


async def test_a_server_without_sftp_and_one_without_ssh(server: Sshd) -> None:
    await server.stop()
    config = server.root / "sshd_config"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("Subsystem")]
    config.write_text("\n".join(lines) + "\n")
    await server.start()
    with pytest.raises(StorageRefused, match="no SFTP"):
        await check(server.target())
    await server.stop()
    with pytest.raises(StorageUnavailable):
        await check(server.target())


def test_a_key_that_cannot_be_used_is_refused_without_showing_it(tmp_path: Path) -> None:
    target = Sshd(tmp_path).target().model_copy(update={"password": SecretStr("guessed")})
    with pytest.raises(StorageRefused) as raised:
        open_destination(target, guard=OPEN, settings=StorageSettings())
    assert "guessed" not in str(raised.value)
    assert raised.value.__cause__ is None


class _Plain(asyncssh.SFTPServer):
    """A server that has nothing of OpenSSH's extensions."""

    async def posix_rename(self, _from: bytes, _to: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("no such operation")

    async def fsync(self, _file: object) -> None:
        raise asyncssh.SFTPOpUnsupported("no such operation")


async def test_servers_without_openssh_extensions(tmp_path: Path) -> None:
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    authorized = tmp_path / "authorized"
    authorized.write_bytes(user_key.export_public_key())
    server = await asyncssh.listen(
        LOOPBACK,
        0,
        server_host_keys=[host_key],
        authorized_client_keys=str(authorized),
        sftp_factory=lambda channel: _Plain(channel, chroot=str(tmp_path).encode()),
    )
    target = (
        Sshd(tmp_path)
        .target(port=server.get_port())
        .model_copy(update={"private_key": SecretStr(user_key.export_private_key().decode()), "password": None})
    )
    destination = open_destination(target, guard=OPEN, settings=StorageSettings())
    for content in (b"one", b"another"):
        await destination.put("film.mp4", content, "video/mp4")
        assert b"".join([piece async for piece in destination.read("film.mp4")]) == content
    await destination.close()
    server.close()
    await server.wait_closed()
