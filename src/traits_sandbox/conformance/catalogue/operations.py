"""OP: each operation takes the request that the document shows for it."""

from collections.abc import Iterator

from traits_sandbox.conformance.case import Breach, Case, Judge, Talk, accepted, one
from traits_sandbox.conformance.materials import Materials
from traits_sandbox.contract.model import Operation


def cases(made: Materials) -> Iterator[Case]:
    """Yield one case for each operation."""
    for operation in made.contract.operations:
        status = operation.behaviour == "assessment_status" and not made.known_user
        yield Case(
            id=f"OP-001.{operation.id}",
            title="send the documented request",
            operation=operation.id,
            reach="append" if status else operation.effect,
            judge=_after_a_login(made, operation) if status else one(made.documented(operation), accepted),
            requests=2 if status else 1,
        )


def _after_a_login(made: Materials, operation: Operation) -> Judge:
    """Ask for the status of a user whom the server has heard of: that of a stranger may be anything."""

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("known"))
        return accepted(await talk.send(made.documented(operation, user="known")))

    return judge
