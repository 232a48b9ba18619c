"""Private keys that callers give for SSH."""

import asyncssh


class BadPassphrase(ValueError):
    """The key is encrypted, and the passphrase is missing or wrong."""


def ssh_private_key(text: str, passphrase: str | None) -> asyncssh.SSHKey:
    """A private key in any of the usual forms (OpenSSH, PEM, PKCS #8).

    Raises BadPassphrase, or ValueError for what is no private key; neither tells anything of it.
    """
    # Keys travel through JSON, environments and forms, which lose the last line's end or make CRLF of all.
    pem = "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"
    try:
        return asyncssh.import_private_key(pem, passphrase or None)
    except asyncssh.KeyEncryptionError:
        raise BadPassphrase("is not the passphrase of private_key") from None
    except asyncssh.KeyImportError as error:
        if "Passphrase must be specified" in str(error):
            raise BadPassphrase("must be the passphrase of private_key, which is encrypted") from None
        if "decrypt" in str(error):
            raise BadPassphrase("is not the passphrase of private_key") from None
        raise ValueError("must be a private key for SSH") from None
