"""OpenAPI links: from operations that add data to the operations that read or remove it."""

from typing import Any

from traits_sandbox.contract.model import Contract, Operation, Record
from traits_sandbox.derive.places import pointer


def links(contract: Contract, source: Operation) -> dict[str, Any]:
    """Return the links of an operation's success reply by name; only operations that add data have any.

    A linked operation gets the user of the first record, if a runtime expression can refer to it.
    """
    if source.effect != "append":
        return {}
    adds_users = any(record.field_of("user") for record in _records(contract, source))
    return {
        target.id: _link(target, _user_expression(contract, source))
        for target in contract.operations
        if target.effect != "append" and (adds_users or "user" not in target.roles)
    }


def _records(contract: Contract, operation: Operation) -> list[Record]:
    """Return the kinds of records that an operation accepts."""
    headings = [dialect.record for dialect in operation.dialects]
    headings += [operation.body.record] if operation.body and operation.body.record else []
    headings += [rule.record for rule in operation.webhook.events] if operation.webhook else []
    return [contract.record(heading) for heading in headings]


def _user_expression(contract: Contract, source: Operation) -> str:
    """Return a runtime expression for the first user in a request, or an empty text if there is none."""
    body = source.body
    user = contract.record(body.record).field_of("user") if body and body.record else None
    return f"$request.body#{pointer(body.collection, 0, user.name)}" if body and user else ""


def _link(target: Operation, user: str) -> dict[str, Any]:
    roles = target.roles
    known = {
        roles.get("segment"): roles.get("default_segment"),
        roles.get("persona"): roles.get("all_personas"),
        roles.get("user"): user,
    }
    parameters = [each.name for each in (*target.path_parameters, *target.query_parameters)]
    fields = [field.name for field in target.body.fields] if target.body else []
    filled = {
        "parameters": {name: known[name] for name in parameters if known.get(name)},
        "requestBody": {name: known[name] for name in fields if known.get(name)},
    }
    return {
        "operationId": target.id,
        "description": target.title,
        **{key: value for key, value in filled.items() if value},
    }
