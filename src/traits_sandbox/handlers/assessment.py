"""Whether a user has completed the survey."""

from calendar import timegm
from time import strptime

from traits_sandbox.contract.model import Operation
from traits_sandbox.handlers.call import Backend, Call, Handler, HandlerResult
from traits_sandbox.store.protocol import StoredRecord


def assessment_status(operation: Operation, backend: Backend) -> Handler:
    """Return the handler that reads from the uploaded survey data whether a user has completed the survey."""
    roles = operation.roles
    survey = backend.contract.record(roles["survey"])
    timestamp = survey.field_of("timestamp")

    async def handle(call: Call) -> HandlerResult:
        found = await backend.store.latest(call.dashboard, survey.kind, call.query[roles["user"]])
        completed_at = _moment(found, timestamp.name if timestamp else "") if found else 0
        return HandlerResult(data={roles["completed"]: found is not None, roles["completed_at"]: completed_at})

    return handle


def _moment(survey: StoredRecord, field: str) -> int:
    """Return when a survey was completed: at its own timestamp, else when it was received."""
    if text := survey.value.get(field):
        return timegm(strptime(text, "%Y-%m-%d %H:%M:%S"))
    return int(survey.received_at)
