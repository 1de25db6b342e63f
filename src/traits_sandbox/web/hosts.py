"""The Host names that are served: a foreign name may be a web page that rebinds its name to this machine."""

import re
from collections.abc import Iterable
from ipaddress import ip_address

_WELL_FORMED = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]*)?")


class HostGate:
    """Admits IP literals, loopback names and allowed names."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = {name.lower().rstrip(".") for name in allowed}
        # A cache, because clients repeat the name in every request; bounded, because they choose the names.
        self._known: dict[bytes, bool] = {}

    def admits(self, host: bytes) -> bool:
        """Return whether a request with this Host header is served."""
        served = self._known.get(host)
        if served is None:
            served = self._judge(host)
            if len(self._known) < 1000 and len(host) < 256:
                self._known[host] = served
        return served

    def _judge(self, host: bytes) -> bool:
        name = host_name(host.decode("latin-1")).lower().rstrip(".")
        if not _WELL_FORMED.fullmatch(host):
            return False
        return name == "localhost" or name.endswith(".localhost") or name in self._allowed or _is_address(name)


def host_name(host: str) -> str:
    """Return the name of a Host header, without its port and an address's brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
