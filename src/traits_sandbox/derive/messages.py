"""The messages of replies."""

from http import HTTPStatus

from traits_sandbox.contract.model import Contract


def error_message(contract: Contract, status: int) -> str:
    """Return the documented message of an error reply, or HTTP's own phrase where the contract has no such row."""
    documented = (error.message for error in contract.errors if error.status == status)
    return next(documented, HTTPStatus(status).phrase.lower())


def error_description(contract: Contract, status: int) -> str:
    """Return what the contract says about an error reply, or its message where it says nothing."""
    documented = (error.description for error in contract.errors if error.status == status and error.description)
    return next(documented, error_message(contract, status))
