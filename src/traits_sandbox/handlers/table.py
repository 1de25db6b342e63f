"""The table of behaviours. A contract's operation names one of them."""

from collections.abc import Mapping

from traits_sandbox.contract.model import Contract
from traits_sandbox.errors import UsageError
from traits_sandbox.handlers.assessment import assessment_status
from traits_sandbox.handlers.call import Backend, Behaviour, Handler
from traits_sandbox.handlers.playfab.webhook import webhook
from traits_sandbox.handlers.push import push
from traits_sandbox.handlers.segments import persona_traits, persona_users
from traits_sandbox.handlers.upload import upload
from traits_sandbox.handlers.user_data import remove_user

HANDLERS: Mapping[str, Behaviour] = {
    "push": push,
    "upload": upload,
    "webhook": webhook,
    "assessment_status": assessment_status,
    "remove_user": remove_user,
    "persona_users": persona_users,
    "persona_traits": persona_traits,
}


def handlers(contract: Contract, backend: Backend) -> dict[str, Handler]:
    """Return the handler of each operation by its id.

    Raises UsageError for an operation whose behaviour is not in the table: it could not be served.
    """
    made = {}
    for operation in contract.operations:
        if operation.behaviour not in HANDLERS:
            known = ", ".join(HANDLERS)
            raise UsageError(
                f"{operation.key} has no behaviour that can be served; set one of {known} by an erratum and rebuild"
            )
        made[operation.id] = HANDLERS[operation.behaviour](operation, backend)
    return made
