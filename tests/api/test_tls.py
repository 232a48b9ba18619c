"""The development authority: names, lifetimes, renewal, and the operator's own files."""

import ipaddress
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from reelkit.api.errors import BadSetting, CannotListen
from reelkit.api.tls import TlsFiles, server_names, tls_files
from reelkit.settings import Settings
from tests.control.manual_clock import ManualClock

DAY_S = 86_400.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def certificate(files: TlsFiles) -> x509.Certificate:
    return x509.load_pem_x509_certificate(files.certificate.read_bytes())


def test_certificate_covers_the_sdk_hosts_this_machine_and_the_listener(tmp_path: Path, clock: ManualClock) -> None:
    settings = Settings(host="10.77.0.1", base_domain="rtk.example.com:8443/prefix")
    names = certificate(tls_files(settings, tmp_path, clock)).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["rtk.example.com", "*.rtk.example.com", "localhost"]
    assert names.value.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("10.77.0.1"),
    ]


def test_an_unspecified_address_is_no_name() -> None:
    values = [name.value for name in server_names(Settings(host="0.0.0.0"))]  # noqa: S104 - nothing is bound
    assert ipaddress.ip_address("0.0.0.0") not in values  # noqa: S104 - nothing is bound


def test_keys_are_private_and_files_are_kept_between_starts(tmp_path: Path, clock: ManualClock) -> None:
    first = tls_files(Settings(), tmp_path, clock)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    second = tls_files(Settings(), tmp_path, clock)
    assert first == second
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert sorted(before) == ["ca.key", "ca.pem", "server.key", "server.pem"]
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_certificate_is_renewed_shortly_before_its_end_by_the_same_authority(
    tmp_path: Path, clock: ManualClock
) -> None:
    files = tls_files(Settings(), tmp_path, clock)
    authority = (tmp_path / "ca.pem").read_bytes()
    first = certificate(files)
    clock.now_s = first.not_valid_after_utc.timestamp() - 15 * DAY_S
    assert certificate(tls_files(Settings(), tmp_path, clock)) == first
    clock.now_s += 2 * DAY_S
    renewed = certificate(tls_files(Settings(), tmp_path, clock))
    assert renewed.not_valid_after_utc > first.not_valid_after_utc
    assert (tmp_path / "ca.pem").read_bytes() == authority


def test_changed_names_give_a_new_certificate(tmp_path: Path, clock: ManualClock) -> None:
    first = certificate(tls_files(Settings(), tmp_path, clock))
    changed = certificate(tls_files(Settings(base_domain="other.test"), tmp_path, clock))
    assert changed.serial_number != first.serial_number


def test_a_lost_authority_takes_its_certificates_with_it(tmp_path: Path, clock: ManualClock) -> None:
    first = certificate(tls_files(Settings(), tmp_path, clock))
    (tmp_path / "ca.key").unlink()
    replaced = certificate(tls_files(Settings(), tmp_path, clock))
    assert replaced.serial_number != first.serial_number
    replaced.verify_directly_issued_by(x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes()))


def test_a_client_that_trusts_the_authority_accepts_the_names(tmp_path: Path) -> None:
    from reelkit.clock import SystemClock

    files = tls_files(Settings(), tmp_path, SystemClock())
    assert files.authority is not None
    trusting = ssl.create_default_context(cafile=str(files.authority))
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("api.rtk.localhost", "socket-edge.rtk.localhost", "localhost", "127.0.0.1"):
        assert handshake(files.context(), trusting, name) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        handshake(files.context(), trusting, "api.example.com")


def handshake(serving: ssl.SSLContext, trusting: ssl.SSLContext, name: str) -> str | None:
    """The protocol that a client and a server agree on over a socket pair."""
    server_end, client_end = socket.socketpair()

    def answer() -> None:
        try:
            serving.wrap_socket(server_end, server_side=True).close()
        except ssl.SSLError:
            server_end.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with trusting.wrap_socket(client_end, server_hostname=name) as wrapped:
            return wrapped.version()
    finally:
        client_end.close()
        thread.join()


def test_the_operators_files_are_used_as_they_are(tmp_path: Path, clock: ManualClock) -> None:
    made = tls_files(Settings(), tmp_path, clock)
    settings = Settings(tls_certificate=made.certificate, tls_key=made.key)
    files = tls_files(settings, tmp_path / "unused", clock)
    assert files == TlsFiles(made.certificate, made.key)
    assert files.context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_half_of_a_pair_and_unusable_files_are_refused(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(BadSetting, match="set both"):
        tls_files(Settings(tls_certificate=tmp_path / "chain.pem"), tmp_path, clock)
    made = tls_files(Settings(), tmp_path, clock)
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(CannotListen, match=r"broken\.pem"):
        TlsFiles(broken, made.key).context()
    with pytest.raises(CannotListen, match=r"absent\.pem"):
        TlsFiles(tmp_path / "absent.pem", made.key).context()
