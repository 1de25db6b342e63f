"""The reference page of an edition: its operations, records, fields, errors, folders and decisions."""

from collections.abc import Iterator

from tools.markdown import code, page, prose, table
from traits_sandbox.contract.model import Contract, Field, Operation, Record, RequestBody
from traits_sandbox.derive.sentences import bounds

INTRODUCTION = """
The facts come from [the restated reference](../../schemas/{edition}/reference.md) and
[the decisions](../../schemas/{edition}/errata.toml) that complete it. The same contract is available as
[OpenAPI](../../schemas/{edition}/openapi.json) and as [JSON](../../schemas/{edition}/contract.json).
"""


def edition_page(contract: Contract) -> bytes:
    """Return the page in Markdown."""
    sections = (
        INTRODUCTION.format(edition=contract.edition),
        "## Operations\n\n" + _operations(contract),
        "## Records\n\n" + "\n\n".join(_record(contract, record) for record in contract.records),
        "## Errors\n\n" + table(("Status", "`message`", "Meaning"), _errors(contract)),
        "## Object storage\n\n" + table(("Folder", "Record of each row"), _folders(contract)),
        "## Lenient mode\n\n" + _lenient(contract),
        "## Decisions\n\n" + _decisions(contract),
    )
    return page(f"The API, edition {contract.edition}", *sections, source=f"the contract {contract.edition}")


def _operations(contract: Contract) -> str:
    rows = (
        (code(each.id), code(each.key), _input(contract, each), _reply(each), each.effect)
        for each in contract.operations
    )
    return table(("Operation", "Request", "Input", "Reply", "Effect"), rows)


def _input(contract: Contract, operation: Operation) -> str:
    parameters = [f"{code(each.name)} in the path" for each in operation.path_parameters]
    parameters += [f"{code(each.name)} in the query" for each in operation.query_parameters]
    parameters += [f"{code(operation.key_parameter)} in the query, or a Bearer key"] if operation.key_parameter else []
    body = [_body(contract, operation.body)] if operation.body else []
    return ", ".join([*parameters, *body, *(["PlayFab events"] if operation.webhook else [])])


def _body(contract: Contract, body: RequestBody) -> str:
    if body.collection:
        most = f" to {contract.max_records}" if contract.max_records else " or more"
        return f"{code(body.collection)}: {contract.min_records}{most} {_link(body.record)} records"
    if body.part:
        return f"a CSV file in the part {code(body.part)}"
    return ", ".join(f"{code(each.name)}: {each.type}" for each in body.fields)


def _reply(operation: Operation) -> str:
    response = operation.response
    return f"{response.status} {code(response.message)}".strip() if response else ""


def _record(contract: Contract, record: Record) -> str:
    rows = (
        (code(each.name), _type(each), "yes" if each.required else "", _rules(each), each.description)
        for each in record.fields
    )
    fields = table(("Field", "Type", "Required", "Rules", "Description"), rows)
    return f"### {record.heading}\n\n{' '.join(_about(contract, record))}\n\n{fields}"


def _about(contract: Contract, record: Record) -> Iterator[str]:
    senders = [code(each.id) for each in contract.operations if record.heading in _sent(each)]
    folders = [code(each.folder) for each in contract.categories if each.record == record.heading]
    if senders:
        yield f"Sent by {', '.join(senders)}."
    if folders:
        yield f"Rows of the folder {', '.join(folders)}."
    if not record.key and not senders and not folders:
        yield "Part of other records."
        return
    yield f"The control API calls it {code(record.kind)}."
    if record.key:
        yield f"A later record with the same {code(record.key)} replaces an earlier one."
    if record.attributes:
        yield "Further columns of any name are kept as text."


def _sent(operation: Operation) -> set[str]:
    """Return the headings of the records that an operation can store."""
    mapped = {each.record for each in operation.webhook.events} if operation.webhook else set()
    read = {each.record for each in operation.dialects}
    return mapped | read | ({operation.body.record} if operation.body else set())


def _type(field: Field) -> str:
    return f"list of {_link(field.item)}" if field.item else field.type


def _rules(field: Field) -> str:
    rules = bounds(field)
    rules += [field.format] if field.format else []
    rules += [" or ".join(map(code, field.allowed))] if field.allowed else []
    rules += [f"{code(given)} is stored as {code(stored)}" for given, stored in field.aliases.items()]
    return ", ".join(rules)


def _errors(contract: Contract) -> Iterator[tuple[str, str, str]]:
    yield from ((str(each.status), code(each.message), each.description) for each in contract.errors)


def _folders(contract: Contract) -> Iterator[tuple[str, str]]:
    yield from ((code(f"{each.folder}/"), _link(each.record)) for each in contract.categories)


def _lenient(contract: Contract) -> str:
    names = ((code(old), code(new)) for old, new in contract.leniency.names.items())
    routes = ((code(f"{each.method} {each.path}"), code(each.operation)) for each in contract.leniency.routes)
    tables = (table(("Also accepted", "Read as"), names), table(("Also answered", "As the operation"), routes))
    return "\n\n".join(filter(None, tables))


def _decisions(contract: Contract) -> str:
    rows = ((code(each.id), prose(each.what), "yes" if each.assumed else "") for each in contract.errata)
    note = "“Assumed” marks what the reference does not settle. The reasons are in the file of decisions."
    return f"{note}\n\n{table(('Name', 'Decision', 'Assumed'), rows)}"


def _link(heading: str) -> str:
    return f"[{heading}](#{heading.lower()})" if heading else ""
