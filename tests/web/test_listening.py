"""The addresses that the server listens on."""

import socket
from contextlib import closing

import pytest

from tests.patience import PATIENCE
from traits_sandbox.errors import UsageError
from traits_sandbox.running import running
from traits_sandbox.settings import Settings
from traits_sandbox.web.listening import bind, closing_all, url_of

IPV4, IPV6 = "127.0.0.1", "::1"


def has_ipv6() -> bool:
    try:
        socket.create_server((IPV6, 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return socket.has_dualstack_ipv6()


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this system has no IPv6")


def reached(port: int) -> set[str]:
    """Return the loopback addresses on which something listens."""
    found = set()
    for address in (IPV4, IPV6):
        try:
            socket.create_connection((address, port), timeout=PATIENCE).close()
        except OSError:
            continue
        found.add(address)
    return found


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "addresses", "shown"),
    [
        ("127.0.0.1", {IPV4}, "127.0.0.1"),
        ("0.0.0.0", {IPV4}, "127.0.0.1"),
        ("::1", {IPV6}, "[::1]"),
        ("::", {IPV4, IPV6}, "[::1]"),
        ("localhost", {IPV4, IPV6}, "127.0.0.1"),
    ],
)
def test_a_host_has_its_addresses_all_with_one_port(host: str, addresses: set[str], shown: str) -> None:
    with running(Settings(host=host, port=0, log_format="none")) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        assert sandbox.url == f"http://{shown}:{port}"
        assert reached(port) == addresses
    assert reached(port) == set()


@needs_ipv6
@pytest.mark.parametrize(("host", "taken"), [("::", IPV4), ("::", IPV6), ("localhost", IPV4), ("localhost", IPV6)])
def test_a_port_that_is_taken_on_one_address_is_not_used(host: str, taken: str) -> None:
    family = socket.AF_INET6 if ":" in taken else socket.AF_INET
    with closing(socket.create_server((taken, 0), family=family)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=rf"cannot listen on {host} port {port}: .*; choose another --port, or 0"):
            bind(host, port)
        assert reached(port) == {taken}


def test_the_numbered_port_is_the_same_for_all_sockets() -> None:
    with closing_all(bind("localhost", 0)) as listeners:
        assert len({each.getsockname()[1] for each in listeners}) == 1
        assert url_of(listeners[0], secure=True).startswith("https://")
    assert {each.fileno() for each in listeners} == {-1}


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no-such-host.invalid", f"{'a' * 64}.test"])
def test_a_host_that_cannot_be_used_is_one_sentence_about_the_host(host: str) -> None:
    with pytest.raises(UsageError, match=rf"^cannot listen on {host}.*; choose another --host$"):
        bind(host, 0)
