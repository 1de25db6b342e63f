"""The options of a run."""

from dataclasses import dataclass, field

from traits_sandbox.conformance.http.client import Target, WireLimits
from traits_sandbox.conformance.http.reach import Reach
from traits_sandbox.conformance.http.safety import is_loopback
from traits_sandbox.conformance.judging.deviations import Deviation
from traits_sandbox.conformance.judging.requirements import Profile
from traits_sandbox.errors import UsageError


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run, all with safe defaults.

    `only` are patterns of requirement or case ids (`TYPE-*`, `LIM-003.actions.*`). `allow_writes` repeats the target's
    host to allow writes, which are always allowed on loopback; `allow_plain_http` repeats the host to allow sending it
    the key over plain HTTP. `known_user` is the id of an existing user, as it is sent. `explore` is the number of
    generated examples for each operation, 0 for none. `concurrency` is the number of cases that run at the same time.
    """

    profile: Profile = "core"
    only: tuple[str, ...] = ()
    seed: int = 0
    limits: WireLimits = field(default_factory=WireLimits)
    allow_writes: str = ""
    allow_plain_http: str = ""
    known_user: str = ""
    deviations: tuple[Deviation, ...] = ()
    explore: int = 0
    concurrency: int = 4

    def reach(self, target: Target) -> Reach:
        """Return the largest allowed reach on a target.

        Raises:
            UsageError: writes are allowed to another host than the target's.

        """
        _names_the_host("--allow-writes", self.allow_writes, target)
        if is_loopback(target.host):
            return "unsafe"
        return "destroy" if self.allow_writes else "read"

    def check_way(self, target: Target) -> None:
        """Refuse to send the key to another machine without encryption, unless that is allowed.

        Raises:
            UsageError: it is not allowed, or it is allowed for another host than the target's.

        """
        _names_the_host("--allow-plain-http", self.allow_plain_http, target)
        if target.in_clear and not self.allow_plain_http:
            raise UsageError(
                f"the key would travel in clear to {target.host}: "
                f"give an https:// base URL, or add --allow-plain-http {target.host}"
            )


def _names_the_host(option: str, given: str, target: Target) -> None:
    if given and given != target.host:
        raise UsageError(f"{option} must name the target's host, {target.host}, not {given}")
