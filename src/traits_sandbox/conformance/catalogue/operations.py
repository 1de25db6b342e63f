"""OP: each operation takes the request that the document shows for it."""

from collections.abc import Iterator

from traits_sandbox.conformance.case import Breach, Case, Judge, Talk, accepted, one
from traits_sandbox.conformance.materials import Materials
from traits_sandbox.contract.model import Operation

# What is asked about a stranger, or done to one, may be answered in any way.
_ABOUT_A_KNOWN_USER = frozenset({"assessment_status", "remove_user"})


def cases(made: Materials) -> Iterator[Case]:
    """Yield one case for each operation."""
    for operation in made.contract.operations:
        introduce = operation.behaviour in _ABOUT_A_KNOWN_USER and not (made.known_user and operation.effect == "read")
        yield Case(
            id=f"OP-001.{operation.id}",
            title="send the documented request",
            operation=operation.id,
            reach="append" if introduce and operation.effect == "read" else operation.effect,
            judge=_introduced(made, operation) if introduce else one(made.documented(operation), accepted),
            requests=2 if introduce else 1,
        )


def _introduced(made: Materials, operation: Operation) -> Judge:
    user = f"known-{operation.effect}"

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce(user))
        return accepted(await talk.send(made.documented(operation, user)))

    return judge
