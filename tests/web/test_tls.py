import contextlib
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from traits_sandbox.errors import UsageError
from traits_sandbox.web.tls import TlsFiles, given_certificate, server_certificate

DAY = 86400.0
NOW = 1_790_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "traits-sandbox"


@contextlib.contextmanager
def listening(files: TlsFiles) -> Iterator[int]:
    """Serve one TLS handshake on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.cert_file, files.key_file)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_one_handshake, args=(server, context))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join(PATIENCE)


def _one_handshake(server: socket.socket, context: ssl.SSLContext) -> None:
    server.settimeout(PATIENCE)
    connection, _ = server.accept()
    with contextlib.suppress(ssl.SSLError, OSError), context.wrap_socket(connection, server_side=True) as secure:
        secure.sendall(b"hello")


def greeting(port: int, name: str, trusted: Path | None) -> bytes:
    context = ssl.create_default_context(cafile=trusted)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.recv(5)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "10.0.2.2", "api.example.test"])
def test_a_client_that_trusts_the_ca_reaches_every_name(folder: Path, name: str) -> None:
    with (
        server_certificate(["10.0.2.2", "api.example.test", "localhost"], folder=folder) as files,
        listening(files) as port,
    ):
        assert greeting(port, name, files.ca_file) == b"hello"


def test_a_client_that_does_not_trust_the_ca_refuses(folder: Path) -> None:
    with (
        server_certificate([], folder=folder) as files,
        listening(files) as port,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        greeting(port, "localhost", None)


def test_the_second_run_has_the_same_ca_and_another_leaf(folder: Path) -> None:
    with server_certificate([], folder=folder) as first:
        assert first.ca_file is not None
        ca, leaf = first.ca_file.read_bytes(), first.cert_file.read_bytes()
    with server_certificate([], folder=folder) as second, listening(second) as port:
        assert (folder / "ca.pem").read_bytes() == ca
        assert second.cert_file.read_bytes() != leaf
        assert greeting(port, "localhost", folder / "ca.pem") == b"hello"


def test_only_their_owner_can_read_secrets(folder: Path) -> None:
    with server_certificate([], folder=folder) as files:
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "ca-key.pem", files.key_file)}
        assert modes == {folder: 0o700, folder / "ca-key.pem": 0o600, files.key_file: 0o600}
        assert stat.S_IMODE(files.key_file.parent.stat().st_mode) == 0o700


def test_the_leaf_and_all_drafts_are_removed_afterwards(folder: Path) -> None:
    with server_certificate([], folder=folder) as files:
        pass
    assert not files.key_file.parent.exists()
    assert sorted(path.name for path in folder.iterdir()) == ["ca-key.pem", "ca.pem"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nnonsense\n"])
def test_a_damaged_ca_is_made_anew(folder: Path, content: bytes) -> None:
    with server_certificate([], folder=folder):
        (folder / "ca-key.pem").write_bytes(content)
    with server_certificate([], folder=folder) as files, listening(files) as port:
        assert greeting(port, "localhost", files.ca_file) == b"hello"


def test_a_key_of_another_ca_is_not_used(folder: Path, tmp_path: Path) -> None:
    with server_certificate([], folder=folder), server_certificate([], folder=tmp_path / "other"):
        other = (tmp_path / "other" / "ca-key.pem").read_bytes()
        key = other[: other.index(b"-----BEGIN CERTIFICATE-----")]
        (folder / "ca-key.pem").write_bytes(key + (folder / "ca.pem").read_bytes())
    with server_certificate([], folder=folder) as files, listening(files) as port:
        assert greeting(port, "localhost", files.ca_file) == b"hello"


def test_an_expired_ca_is_made_anew(folder: Path) -> None:
    with server_certificate([], folder=folder, clock=lambda: NOW) as files:
        assert files.ca_file is not None
        old = files.ca_file.read_bytes()
    with server_certificate([], folder=folder, clock=lambda: NOW + 400_000 * DAY) as files:
        assert files.ca_file is not None
        assert files.ca_file.read_bytes() != old


def test_many_first_runs_at_once_share_one_ca(folder: Path) -> None:
    def run(_: int) -> None:
        with server_certificate([], folder=folder) as files, listening(files) as port:
            assert greeting(port, "localhost", files.ca_file) == b"hello"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="keeps its CA in"), server_certificate([], folder=tmp_path / "file" / "ca"):
        pass


def test_a_name_that_no_certificate_can_hold_is_one_sentence(folder: Path) -> None:
    with pytest.raises(UsageError, match="no certificate can name"), server_certificate(["my_host"], folder=folder):
        pass


def test_a_given_certificate_is_tried_out(folder: Path, tmp_path: Path) -> None:
    with (
        server_certificate([], folder=folder) as files,
        server_certificate([], folder=folder) as others,
    ):
        assert given_certificate(files.cert_file, files.key_file).ca_file is None
        for key in (others.key_file, files.cert_file, tmp_path / "missing.pem"):
            with pytest.raises(UsageError, match=r"are not a certificate and its|missing\.pem cannot be read"):
                given_certificate(files.cert_file, key)
