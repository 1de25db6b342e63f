"""Faults on the wire: what is planned comes between a request and its answer."""

from starlette.types import Scope

from traits_sandbox.control.entry import Entry
from traits_sandbox.web.app import Act
from traits_sandbox.web.envelope import Answer


class FaultGate:
    """Spoils answers as planned."""

    @property
    def idle(self) -> bool:
        """Tell whether no fault is planned."""
        return True

    async def apply(self, entry: Entry, scope: Scope, act: Act) -> Answer:  # noqa: ARG002
        """Return the answer, spoilt if a plan says so."""
        return await act()
