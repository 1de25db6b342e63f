"""Examples from the document, or made of its names and values if it has none."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from traits_sandbox.contract.model import Contract, Dialect, Field, Operation, Record, Response, Webhook
from traits_sandbox.derive.messages import error_message
from traits_sandbox.derive.sentences import demand

# One answer of a survey. The author of a survey chooses its columns.
_ATTRIBUTE = ("favourite_colour", "green")


def record_examples(contract: Contract, record: Record) -> Iterator[Any]:
    """Yield the document's examples of a record: from request bodies first, then from files."""
    for operation in contract.operations:
        body = operation.body
        if body and body.record == record.heading and body.example:
            yield from body.example[body.collection]
    for category in contract.categories:
        if category.record == record.heading:
            yield from (example.value for example in category.examples)


def user_example(contract: Contract) -> str:
    """Return the first user id in the examples of the document."""
    for record in contract.records:
        if field := record.field_of("user"):
            return str(_shown(contract, record, field))
    return "1"


def csv_example(contract: Contract, dialect: Dialect) -> str:
    """Return a CSV file of a dialect with its header and one row."""
    record = contract.record(dialect.record)
    replaced = (dialect.name_field, dialect.value_field) if dialect.metrics else ()
    fields = [field for field in record.fields if field.name not in replaced and not field.item]
    row = {field.name: _shown(contract, record, field) for field in fields}
    if dialect.metrics:
        number = next(field for field in record.fields if field.name == dialect.value_field)
        row = {name: value for name, value in row.items() if value != ""}
        row |= dict.fromkeys(dialect.metrics, _shown(contract, record, number))
    if record.attributes:
        row |= dict([_ATTRIBUTE])
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([row.keys(), row.values()])
    return text.getvalue()


def event_example(contract: Contract, webhook: Webhook) -> dict[str, Any]:
    """Return an event for a webhook's first rule, with the values of its envelope only."""
    known = {
        "name": next((rule.event for rule in webhook.events), ""),
        "entity_type": next(iter(webhook.player_types), ""),
        "entity": user_example(contract),
    }
    places = {word: paths[0] for word, paths in webhook.names.items() if paths and "." not in paths[0]}
    return {places[word]: value for word, value in known.items() if value and word in places}


def reply_example(response: Response) -> Any:
    """Return the document's example of a success reply, or a reply without data if it has none."""
    message = response.message.replace("{count}", "1")
    return response.example or {"code": response.status, "message": message, "data": None}


def error_example(contract: Contract, status: int) -> Any:
    """Return the document's example of an error reply, or one made from the table of errors if it has none."""
    for example in contract.error_examples:
        if isinstance(example.value, dict) and example.value.get("code") == status:
            return example.value
    reply = {"code": status, "message": error_message(contract, status)}
    if status == 400:
        name = next((key for operation in contract.operations if (key := _body_key(operation))), "body")
        reply["errors"] = {name: f"{name} {demand('required', None, None)}"}
    return reply


def _body_key(operation: Operation) -> str:
    body = operation.body
    return (body.collection or body.part or next((field.name for field in body.fields), "")) if body else ""


def _shown(contract: Contract, record: Record, field: Field) -> Any:
    """Return the first example value of a field, from this record if possible, else from another one."""
    for each in (record, *contract.records):
        for example in record_examples(contract, each):
            if field.name in example:
                return example[field.name]
    return 1 if field.type in ("int", "float") else field.name
