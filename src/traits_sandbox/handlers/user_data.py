"""Deletion of everything about a user."""

from traits_sandbox.contract.model import Operation
from traits_sandbox.derive.bodies import BodySchema
from traits_sandbox.handlers.call import Backend, Call, Handler, HandlerResult


def remove_user(operation: Operation, backend: Backend) -> Handler:
    """Return the handler that deletes a user; deleting an unknown user succeeds too."""
    schema = BodySchema(backend.contract, operation, lenient=backend.lenient)
    name = operation.roles["user"]

    async def handle(call: Call) -> HandlerResult:
        accepted = schema.read(call.body)
        await backend.store.delete_user(call.dashboard, accepted.body[name])
        return HandlerResult(unknown=accepted.unknown, readings=accepted.readings)

    return handle
