"""All mutants, and those of them that nobody can tell from a good server."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from tests.conformance.mutants.generated import fields, operations
from tests.conformance.mutants.mutant import Mutant
from tests.conformance.mutants.named import (
    bodies,
    deletion,
    envelopes,
    files,
    keys,
    personas,
    protocol,
    records,
    sockets,
    webhook,
)

NAMED = (keys, envelopes, records, bodies, files, webhook, personas, deletion, protocol, sockets)
GENERATED = (fields, operations)

_AFTER_THE_REPLY = "A row of a file is judged after the reply, and no reply shows what becomes of this cell."
_UNSEEN = "No reply shows it: only the emulator's own inspection does."
_NO_PROMISE = "The document promises these words for a 400; what another refusal says is for the server to choose."

EQUIVALENT: dict[str, str] = {
    "contract.Kpi.timestamp.*": _AFTER_THE_REPLY,
    "contract.Kpi.register_date.*": _AFTER_THE_REPLY,
    "contract.Kpi.churn_date.[!r]*": _AFTER_THE_REPLY,
    "contract.Kpi.churn_date.renamed": _AFTER_THE_REPLY,
    "contract.Kpi.*.as-*": _AFTER_THE_REPLY,
    "contract.Kpi.*_id.may-be-empty": _AFTER_THE_REPLY,
    "contract.Kpi.user_id.no-role": _AFTER_THE_REPLY,
    "contract.Survey.timestamp.required": _AFTER_THE_REPLY,
    "contract.Survey.timestamp.any-text": _AFTER_THE_REPLY,
    "contract.Survey.user_id.may-be-empty": _AFTER_THE_REPLY,
    "contract.SocialDynamics.target_user_id.no-role": _UNSEEN,
    "contract.errors.401.other-message": _NO_PROMISE,
    "contract.errors.404.other-message": _NO_PROMISE,
    "contract.errors.500.other-message": "The emulator never has to say it.",
    "tls.plain-with-key": "Over plain HTTP the kit shows a dummy key alone, which such a server refuses. That a call "
    "with the real one would succeed there cannot be found out without giving it away.",
}
"""Patterns of the names of mutants that keep every promise, each with the reason why."""


def population() -> dict[str, Mutant]:
    """Return all mutants by name."""
    found: dict[str, Mutant] = {}
    for module in (*NAMED, *GENERATED):
        for mutant in module.mutants():
            assert mutant.name not in found, mutant.name
            found[mutant.name] = mutant
    return found


def equivalent(name: str) -> str:
    """Return why a mutant is no broken server, empty if it is one."""
    return EQUIVALENT.get(pattern_of(name), "")


def pattern_of(name: str) -> str:
    """Return the pattern by which a mutant is no broken server, empty if it is one."""
    return next((pattern for pattern in EQUIVALENT if fnmatchcase(name, pattern)), "")


def broken() -> Iterator[Mutant]:
    """Yield the mutants that must be distinguished from a good server."""
    return (mutant for mutant in population().values() if not equivalent(mutant.name))
