"""Why a sandbox cannot be reached is a reason of ours, for every kind of failure of a connection."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.clouds.scripted import scripted
from tests.clouds.servers import free_port
from traits_sandbox.bulk.loading.network_errors import NetworkReason, reason_of
from traits_sandbox.bulk.loading.sending import RemoteSandbox, SandboxError
from traits_sandbox.errors import UsageError
from traits_sandbox.trust import certificates, trust


@contextmanager
def answering(data: bytes) -> Iterator[int]:
    """Listen on a port, and answer each connection with some bytes and its end."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def failure(url: str) -> str:
    with RemoteSandbox(url) as sandbox, pytest.raises(SandboxError) as raised:
        sandbox.known("source")
    return str(raised.value)


def test_a_refused_connection() -> None:
    assert failure(f"http://127.0.0.1:{free_port()}").endswith(f"({NetworkReason.REFUSED})")


def test_an_unknown_host() -> None:
    assert f"({NetworkReason.UNKNOWN_HOST})" in failure("http://nobody.invalid")


@pytest.mark.parametrize(
    ("scheme", "data", "reason"),
    [
        ("http", b"", NetworkReason.NO_HTTP),
        ("http", b"\x15\x03\x01\x00\x02\x02\x46", NetworkReason.NO_HTTP),
        ("http", b"SSH-2.0-OpenSSH\r\n", NetworkReason.NO_HTTP),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", NetworkReason.NO_TLS),
        ("https", b"", NetworkReason.NO_TLS),
    ],
)
def test_a_server_that_speaks_something_else(scheme: str, data: bytes, reason: NetworkReason) -> None:
    with answering(data) as port:
        assert failure(f"{scheme}://127.0.0.1:{port}").endswith(f"({reason})")


def test_a_server_that_is_no_sandbox_is_a_usage_error() -> None:
    with scripted() as server, RemoteSandbox(server.url) as sandbox, pytest.raises(UsageError, match="traits-sandbox"):
        sandbox.known("source")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(24, "Too many open files"), NetworkReason.TOO_MANY_FILES),
        (OSError(101, "Network is unreachable"), NetworkReason.UNREACHABLE),
        (TimeoutError(), NetworkReason.TIMEOUT),
        (ssl.SSLError(1, "something new"), NetworkReason.NO_TLS),
        (OSError("something new"), NetworkReason.UNKNOWN),
        (RuntimeError("something new"), NetworkReason.UNKNOWN),
    ],
)
def test_the_cause_decides(error: Exception, reason: NetworkReason) -> None:
    outer = RuntimeError("a library")
    outer.__cause__ = error
    assert reason_of(outer) == reason


@pytest.mark.parametrize("path", ["/nonexistent/keys.log", "/", "/dev/full/x"])
def test_a_key_log_that_cannot_be_opened_is_one_warning(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", path)
    warnings: list[str] = []
    context = trust(warn=warnings.append)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    (warning,) = warnings
    assert warning.startswith(f"SSLKEYLOGFILE names {path}, which cannot be opened (")


def test_a_key_log_that_can_be_opened_is_used(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path_factory.mktemp("keys") / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    assert trust().keylog_filename == str(path)


@pytest.mark.parametrize(
    "content", [None, b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"]
)
def test_a_file_without_certificates_is_a_usage_error(
    content: bytes | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    for use in (trust, certificates):
        with pytest.raises(UsageError, match="--ca-file has no readable PEM certificates"):
            use(str(path))
