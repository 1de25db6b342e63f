"""The messages of replies."""

from http import HTTPStatus

from traits_sandbox.contract.model import Contract


def error_message(contract: Contract, status: int) -> str:
    """Return the documented message of an error reply, or HTTP's own phrase if the contract has no such status."""
    documented = (error.message for error in contract.errors if error.status == status)
    return next(documented, HTTPStatus(status).phrase.lower())


def error_description(contract: Contract, status: int) -> str:
    """Return the contract's explanation of an error reply, or the message if it has no explanation."""
    documented = (error.description for error in contract.errors if error.status == status and error.description)
    return next(documented, error_message(contract, status))
