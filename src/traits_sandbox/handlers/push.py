"""Pushes: a JSON list of records, stored whole or not at all."""

from traits_sandbox.contract.model import Operation
from traits_sandbox.derive.bodies import PushSchema
from traits_sandbox.handlers.call import Backend, Call, Handler, HandlerResult
from traits_sandbox.handlers.intake import Arrival


def push(operation: Operation, backend: Backend) -> Handler:
    """Return the handler that stores the records of a push."""
    assert operation.body is not None
    schema = PushSchema(backend.contract, operation, lenient=backend.lenient)
    intake = backend.intake.of(operation.body.record)
    collection = operation.body.collection

    async def handle(call: Call) -> HandlerResult:
        records = schema.records(call.body)
        arrival = Arrival(call.received_at, call.request_id)
        batch = intake.pushed(records, arrival, raw=call.body, collection=collection)
        await backend.store.append(call.dashboard, (batch,))
        return HandlerResult(records=batch.count, count=batch.count, unknown=records.unknown, readings=records.readings)

    return handle
