"""JSON Schemas (Draft 2020-12) of all records, request bodies and replies of a contract."""

from typing import Any

from traits_sandbox.contract.model import Contract, Field, Operation, Record, RequestBody
from traits_sandbox.derive.examples import record_examples
from traits_sandbox.derive.formats import FORMATS, TIMESTAMP, anchored

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_JSON_TYPES = {"string": "string", "int": "integer", "float": "number", "Timestamp": "string", "list": "array"}


def documents(contract: Contract) -> dict[str, Schema]:
    """Return the published schemas of a contract by file name, in a stable order."""
    named = {f"{stem(record.heading)}.schema.json": record_document(contract, record) for record in contract.records}
    for operation in contract.operations:
        if operation.body and not operation.body.part:
            named[f"{operation.id}.request.schema.json"] = request_document(contract, operation)
        if operation.response:
            named[f"{operation.id}.response.schema.json"] = response_document(contract, operation)
    named["error.schema.json"] = _document(contract, "error", error_schema(contract))
    return named


def record_document(contract: Contract, record: Record) -> Schema:
    """Return the published schema of one record, with all its definitions."""
    schema = record_schema(record)
    examples = list(record_examples(contract, record))
    if examples:
        schema["examples"] = examples
    return _document(contract, stem(record.heading), schema, _definitions(contract, record))


def list_document(contract: Contract, record: Record) -> Schema:
    """Return the schema of a list of records, which validates several records at once."""
    definitions = {record.heading: record_schema(record), **_definitions(contract, record)}
    items = {"type": "array", "items": {"$ref": f"#/$defs/{record.heading}"}}
    return {"$schema": DIALECT, **items, "$defs": definitions}


def request_document(contract: Contract, operation: Operation) -> Schema:
    """Return the published schema of an operation's JSON body, with all its definitions."""
    assert operation.body is not None
    schema = {"title": f"{operation.title}: request body", **body_schema(contract, operation.body)}
    definitions = {}
    if operation.body.record:
        record = contract.record(operation.body.record)
        definitions = {record.heading: record_schema(record), **_definitions(contract, record)}
    return _document(contract, f"{operation.id}.request", schema, definitions)


def response_document(contract: Contract, operation: Operation) -> Schema:
    """Return the published schema of an operation's success reply."""
    schema = {"title": f"{operation.title}: reply", **response_schema(operation)}
    return _document(contract, f"{operation.id}.response", schema)


def record_schema(record: Record, *, closed: bool = False) -> Schema:
    """Return the schema of a record; with `closed` it forbids unknown fields, unlike the published schema."""
    schema: Schema = {"title": record.heading, "type": "object"}
    if record.description:
        schema["description"] = record.description
    schema["properties"] = {field.name: field_schema(field) for field in record.fields}
    required = [field.name for field in record.fields if field.required]
    if required:
        schema["required"] = required
    if record.attributes:
        schema["additionalProperties"] = {"type": "string"}
    elif closed:
        schema["additionalProperties"] = False
    return schema


def surface_schema(record: Record) -> Schema:
    """Return the schema of a record without the rules for its attributes and for elements of its lists."""
    schema = record_schema(record)
    schema.pop("additionalProperties", None)
    schema["properties"] = {
        name: {keyword: rule for keyword, rule in rules.items() if keyword != "items"}
        for name, rules in schema["properties"].items()
    }
    return schema


def field_schema(field: Field) -> Schema:
    """Return the schema of a field: the document's type and the limits of the errata."""
    schema: Schema = {"type": _JSON_TYPES[field.type]}
    if field.description:
        schema["description"] = field.description
    if field.type == "list":
        schema["items"] = {"$ref": f"#/$defs/{field.item}"}
    schema |= _text_rules(field) | _number_rules(field)
    return schema


def body_schema(contract: Contract, body: RequestBody, *, closed: bool = False) -> Schema:
    """Return the schema of a JSON body, which refers to records as `#/$defs/<heading>`.

    With `closed` it forbids unknown properties of the body.
    """
    if body.collection:
        records: Schema = {"type": "array", "items": {"$ref": f"#/$defs/{body.record}"}}
        if contract.min_records:
            records["minItems"] = contract.min_records
        if contract.max_records is not None:
            records["maxItems"] = contract.max_records
        properties, required = {body.collection: records}, [body.collection]
    else:
        properties = {field.name: field_schema(field) for field in body.fields}
        required = [field.name for field in body.fields if field.required]
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    if closed:
        schema["additionalProperties"] = False
    if body.example is not None:
        schema["examples"] = [body.example]
    return schema


def response_schema(operation: Operation) -> Schema:
    """Return the schema of a success reply; its data has the shape of the document's example."""
    response = operation.response
    assert response is not None
    message: Schema = {"type": "string"}
    if "{count}" in response.message:
        message["pattern"] = f"^{response.message.replace('{count}', '[0-9]+')}$"
    data = _shape((response.example or {}).get("data"))
    return {
        "type": "object",
        "properties": {"code": {"const": response.status}, "message": message, "data": data},
        "required": ["code", "message", "data"],
        **({"examples": [response.example]} if response.example else {}),
    }


def error_schema(contract: Contract) -> Schema:
    """Return the schema of error replies: code and message, and `errors` for a bad request."""
    return {
        "title": "Error reply",
        "type": "object",
        "properties": {
            "code": {"type": "integer", "minimum": 400, "maximum": 599},
            "message": {"type": "string"},
            "errors": {
                "description": "A message for each invalid field, by the field's name.",
                "type": "object",
                "additionalProperties": {"type": "string"},
            },
        },
        "required": ["code", "message"],
        "examples": [example.value for example in contract.error_examples],
    }


def closed_request_schema(contract: Contract, operation: Operation) -> Schema:
    """Return the schema of an operation's body that forbids unknown fields at every depth."""
    assert operation.body is not None
    schema = {"$schema": DIALECT, **body_schema(contract, operation.body, closed=True)}
    if operation.body.record:
        record = contract.record(operation.body.record)
        schema["$defs"] = {record.heading: record_schema(record, closed=True)}
        schema["$defs"] |= _definitions(contract, record, closed=True)
    return schema


def stem(heading: str) -> str:
    """Return the heading of a record in snake case, which is its name in files and URNs."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in heading).lstrip("_")


def _document(contract: Contract, name: str, schema: Schema, definitions: Schema | None = None) -> Schema:
    identity = {"$schema": DIALECT, "$id": f"urn:traits-sandbox:{contract.edition}:{name}"}
    return {**identity, **schema, **({"$defs": definitions} if definitions else {})}


def _definitions(contract: Contract, record: Record, *, closed: bool = False) -> Schema:
    """Return the schemas of all records in the lists of a record, at any depth."""
    found: Schema = {}
    for item in (field.item for field in record.fields if field.item):
        nested = contract.record(item)
        found |= {item: record_schema(nested, closed=closed), **_definitions(contract, nested, closed=closed)}
    return found


def _text_rules(field: Field) -> Schema:
    text_format = TIMESTAMP if field.type == "Timestamp" else FORMATS.get(field.format)
    rules: Schema = {}
    if field.min_length is not None:
        rules["minLength"] = field.min_length
    if text_format:
        rules["pattern"] = anchored(text_format, may_be_empty=field.may_be_empty)
        rules |= {"maxLength": text_format.max_length} if text_format.max_length else {}
    if field.max_length is not None:
        rules["maxLength"] = min(field.max_length, rules.get("maxLength", field.max_length))
    if field.allowed:
        rules["enum"] = list(field.allowed)
    return rules


def _number_rules(field: Field) -> Schema:
    bounds = {
        "minimum": field.minimum,
        "exclusiveMinimum": field.exclusive_minimum,
        "maximum": field.maximum,
        "exclusiveMaximum": field.exclusive_maximum,
    }
    return {keyword: bound for keyword, bound in bounds.items() if bound is not None}


def _shape(example: Any) -> Schema:
    """Return the schema of values with the same names and JSON types as an example."""
    match example:
        case None:
            return {"type": "null"}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case list():
            return {"type": "array", "items": _shape(example[0]) if example else {}}
        case _:
            return _object_shape(example)


def _object_shape(example: dict[str, Any]) -> Schema:
    properties = {name: _shape(value) for name, value in example.items()}
    # If all properties are numbers, they have the same type, though some are whole numbers in the example.
    if len({type(value) for value in example.values()}) > 1 and all(_is_number(v) for v in example.values()):
        properties = {name: {"type": "number"} for name in example}
    return {"type": "object", "properties": properties, "required": list(example)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
