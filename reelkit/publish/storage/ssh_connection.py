"""Connections to SSH servers that callers name: to an address that the guard permits, with a key that is known."""

import logging
import os
from typing import Any

import asyncssh

from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import Address, EgressGuard
from reelkit.errors import ReelkitError
from reelkit.publish.storage.errors import DestinationError, StorageRefused, StorageUnavailable
from reelkit.publish.storage.host_keys import HostKeys
from reelkit.publish.storage.ssh_key import ssh_private_key
from reelkit.publish.storage.targets import SftpTarget
from reelkit.settings import StorageSettings

# Silence that long means that the other end is gone.
_KEEPALIVE_S = 15.0
_KEEPALIVES = 3

# It tells every connection's addresses and user at lower levels.
asyncssh.set_log_level(logging.WARNING)


class SshConnector:
    """Makes connections for one target. Raises StorageRefused for a private key that cannot be used."""

    def __init__(self, target: SftpTarget, guard: EgressGuard, settings: StorageSettings, host_keys: HostKeys) -> None:
        self._target = target
        self._guard = guard
        self._settings = settings
        self._host_keys = host_keys
        self._credential = _credential(target)

    async def connect(self) -> asyncssh.SSHClientConnection:
        """A connection that has logged in. Raises StorageRefused, StorageUnavailable, and what asyncssh raises."""
        try:
            addresses = await self._guard.addresses(self._target.host, self._target.port)
        except EgressRefused as error:
            raise StorageRefused(f"the storage may not be reached: {error.message}") from error
        except FetchFailed as error:
            raise StorageUnavailable(f"the storage does not answer: {error.message}") from error
        failure: OSError | None = None
        for address in addresses:
            try:
                return await self._connect(address)
            except OSError as error:
                failure = error
        raise StorageUnavailable("the SSH server cannot be reached") from failure

    async def _connect(self, address: Address) -> asyncssh.SSHClientConnection:
        try:
            return await asyncssh.connect(
                str(address),
                self._target.port,
                config=None,
                host_key_alias=self._target.host,
                known_hosts=await self._known_hosts(address),
                username=self._target.username,
                agent_path=None,
                gss_host=None,
                gss_auth=False,
                gss_kex=False,
                compression_algs=None,
                connect_timeout=self._settings.request_timeout_s,
                login_timeout=self._settings.request_timeout_s,
                keepalive_interval=_KEEPALIVE_S,
                keepalive_count_max=_KEEPALIVES,
                **self._credential,
            )
        except asyncssh.HostKeyNotVerifiable as error:
            raise StorageRefused("the SSH server's host key is not the one that is known for it") from error
        except asyncssh.PermissionDenied as error:
            raise StorageRefused("the SSH server refused the login") from error
        except asyncssh.KeyExchangeFailed as error:
            raise StorageRefused("the SSH server knows none of the methods that are considered safe") from error

    async def _known_hosts(self, address: Address) -> str | tuple[list[asyncssh.SSHKey], list[Any], list[Any]]:
        """The operator's file; else the pinned key, which is that of the first connection."""
        listed = self._settings.sftp_known_hosts
        if listed is not None:
            if not os.access(listed, os.R_OK):
                raise StorageUnavailable("the file of storage.sftp_known_hosts cannot be read")
            return str(listed)
        host, port = self._target.host, self._target.port
        try:
            return [asyncssh.import_public_key(await self._known_key(address, host, port))], [], []
        except DestinationError:
            raise
        except ReelkitError as error:
            raise StorageUnavailable("what is known of the SSH server's host key cannot be had") from error

    async def _known_key(self, address: Address, host: str, port: int) -> str:
        """The pinned key, which may be the one that is pinned now."""
        pinned = await self._host_keys.known(host, port)
        if pinned is None:
            shown = await asyncssh.get_server_host_key(str(address), port, config=None)
            if shown is None:
                raise StorageRefused("the SSH server shows no host key")
            pinned = shown.export_public_key("openssh").decode().strip()
            # Before anything secret is sent there.
            await self._host_keys.pin(host, port, pinned)
        return pinned


def _credential(target: SftpTarget) -> dict[str, Any]:
    password = target.password.get_secret_value() if target.password else None
    if target.auth_method == "PASSWORD":
        return {
            "password": password,
            "client_keys": None,
            "preferred_auth": ("password", "keyboard-interactive"),
        }
    try:
        key = ssh_private_key(target.private_key.get_secret_value() if target.private_key else "", password)
    except ValueError as error:
        raise StorageRefused(f"private_key cannot be used: it {error}") from None
    # The passphrase is nobody's password.
    return {"client_keys": [key], "password": None, "preferred_auth": ("publickey",)}
