"""Certificates for HTTPS: from a generated local CA, which people trust once, or given as files.

The CA is in the user's data folder. `ca-key.pem` has its key and its certificate, so one atomic step writes both;
`ca.pem` is a copy of the certificate, the file to trust. A new leaf certificate is made for each run.
"""

import os
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from traits_sandbox.clock import Clock, system_clock
from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required
from traits_sandbox.system import os_reason

if TYPE_CHECKING:
    import trustme

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
LEAF_LIFE: Final = timedelta(days=397)  # phones refuse a longer time
CLOCK_SKEW: Final = timedelta(days=1)  # a phone's clock may be behind
NAME: Final = "traits-sandbox"
WANTED_BY: Final = "--tls"
PUBLIC: Final = "ca.pem"
CA_FILE: Final = "ca-key.pem"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files that a TLS server reads, and the CA certificate that its clients must trust, if it is known."""

    cert_file: Path
    key_file: Path
    ca_file: Path | None


def given_certificate(cert_file: Path, key_file: Path) -> TlsFiles:
    """Return a certificate chain and its key, after a test that they can be used.

    Raises:
        UsageError: they cannot be read, are not PEM, are encrypted or do not belong together.

    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file, password="")
    except ssl.SSLError:
        raise UsageError(f"{cert_file} and {key_file} are not a certificate and its unencrypted key (PEM)") from None
    except OSError as error:
        raise UsageError(f"{cert_file} or {key_file} cannot be read: {os_reason(error)}") from None
    return TlsFiles(cert_file, key_file, None)


@contextmanager
def server_certificate(
    hosts: Sequence[str], *, folder: Path | None = None, clock: Clock = system_clock
) -> Iterator[TlsFiles]:
    """Yield a certificate of the local CA for the loopback names and `hosts`; its files are removed at the end.

    `folder` has the CA; by default it is the user's data folder.

    Raises:
        UsageError: the extra `tls` is missing, the folder cannot be used, or a certificate cannot name a host.

    """
    now = datetime.fromtimestamp(clock(), UTC)
    folder = folder or _data_folder()
    ca = _local_ca(folder, now)
    leaf = _leaf(ca, tuple(dict.fromkeys((*LOOPBACK, *hosts))), now)
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-tls-", ignore_cleanup_errors=True) as private:
        files = TlsFiles(Path(private, "cert.pem"), Path(private, "key.pem"), folder / PUBLIC)
        files.cert_file.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        files.key_file.touch(mode=0o600)
        files.key_file.write_bytes(leaf.private_key_pem.bytes())
        yield files


def _leaf(ca: "trustme.CA", names: Sequence[str], now: datetime) -> "trustme.LeafCert":
    try:
        return ca.issue_cert(*names, organization_name=NAME, not_before=now - CLOCK_SKEW, not_after=now + LEAF_LIFE)
    except ValueError as error:
        raise UsageError(f"no certificate can name all of {', '.join(names)}; change --host or --allow-host") from error


def _data_folder() -> Path:
    with required("tls", by=WANTED_BY):
        import platformdirs
    # A user may have neither HOME nor a name. Some versions then keep a `~`, others raise an error.
    folder = Path()
    with suppress(RuntimeError, KeyError):
        folder = Path(platformdirs.user_data_dir(NAME, appauthor=False))
    if not folder.is_absolute():
        raise UsageError(
            f"{WANTED_BY} keeps its CA in the user's data folder, but this user has no home folder; set HOME, or use "
            "--tls-cert and --tls-key"
        )
    return folder


def _local_ca(folder: Path, now: datetime) -> "trustme.CA":
    """Return the CA of the folder; make one if there is none that can be used."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        ca = _stored_ca(folder / CA_FILE, now) or _new_ca(folder / CA_FILE, now)
        _publish(folder / PUBLIC, ca.cert_pem.bytes())
    except OSError as error:
        raise UsageError(f"{WANTED_BY} keeps its CA in {folder}, which cannot be used: {os_reason(error)}") from error
    return ca


def _stored_ca(path: Path, now: datetime) -> "trustme.CA | None":
    """Return the CA of a file; None if there is none, or it is damaged or expired, and then the file is removed."""
    with required("tls", by=WANTED_BY):
        import trustme
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    try:
        key, begin, certificate = path.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
        parsed = x509.load_pem_x509_certificate(begin + certificate)
        belongs = load_pem_private_key(key, None).public_key() == parsed.public_key()
        if belongs and parsed.not_valid_before_utc <= now < parsed.not_valid_after_utc - LEAF_LIFE:
            return trustme.CA.from_pem(begin + certificate, key)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):  # damaged, or encrypted by another program
        pass
    path.unlink(missing_ok=True)
    return None


def _new_ca(path: Path, now: datetime) -> "trustme.CA":
    """Make a CA and keep it; if two are made at the same time, the first is kept."""
    with required("tls", by=WANTED_BY):
        import trustme
    ca = trustme.CA(path_length=0, organization_name=NAME, organization_unit_name="local CA")
    draft = _draft(path, ca.private_key_pem.bytes() + ca.cert_pem.bytes())
    try:
        os.link(draft, path)
    except FileExistsError:
        return _stored_ca(path, now) or ca
    except OSError:  # a file system without hard links
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return ca


def _publish(public: Path, certificate: bytes) -> None:
    if not public.exists() or public.read_bytes() != certificate:
        _draft(public, certificate).replace(public)


def _draft(target: Path, content: bytes) -> Path:
    """Write a new file beside the target, readable only by its owner."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    with open(handle, "wb") as file:
        file.write(content)
    return Path(name)
