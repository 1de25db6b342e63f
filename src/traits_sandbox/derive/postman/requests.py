"""The requests of a Postman collection: one for each operation, with the document's example."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from traits_sandbox.contract.model import Contract, Operation, RequestBody
from traits_sandbox.derive.examples import event_example, user_example
from traits_sandbox.derive.openapi.document import parameters
from traits_sandbox.derive.openapi.exchange import CSV, JSON
from traits_sandbox.json_types import JsonObject

SAMPLE: Final = ".sample.csv"
NO_AUTH: Final[JsonObject] = {"type": "noauth"}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class VariableNames:
    """The names of the two variables in requests: the base URL and the API key."""

    base: str
    key: str


def variables(contract: Contract) -> VariableNames:
    """Return the names of the document's variables, or default names if it has none."""
    urls = [server.url for server in contract.servers]
    names = [variable.name for variable in contract.variables]
    based = (each.name for each in contract.variables if any(url in each.description for url in urls))
    base = next(based, "base_url")
    return VariableNames(base, next((name for name in names if name != base), "api_key"))


def value_of(variable: str) -> str:
    """Return the text that Postman replaces by the value of a variable."""
    return f"{{{{{variable}}}}}"


def request(contract: Contract, operation: Operation) -> JsonObject:
    """Return the request of an operation.

    It has no authentication of its own if the key is in the query. Others use that of the collection.
    """
    made: JsonObject = {"method": operation.method, "header": []}
    if operation.key_parameter:
        made["auth"] = NO_AUTH
    if operation.webhook:
        made |= _json(JSON, event_example(contract, operation.webhook))
    elif operation.body and operation.body.part:
        made["body"] = {"mode": "formdata", "formdata": [_file(operation, operation.body)]}
    elif operation.body:
        made |= _json(operation.body.media_type, _example(contract, operation, operation.body))
    described = "\n\n".join(filter(None, (operation.description, *operation.notices)))
    return made | {"url": url(contract, operation), "description": described}


def url(contract: Contract, operation: Operation, values: Mapping[str, str] | None = None) -> JsonObject:
    """Return the URL of an operation with example values; `values` replaces the values of named parameters."""
    names = variables(contract)
    listed = list(parameters(contract, operation))
    given = {each["name"]: each.get("example", "") for each in listed}
    given |= {operation.key_parameter: value_of(names.key), **(values or {})}
    path = _PLACEHOLDER.sub(r":\1", operation.path)
    in_path = [_parameter(each, given) for each in listed if each["in"] == "path"]
    query = [_parameter(each, given) for each in listed if each["in"] == "query"]
    if operation.key_parameter:
        query.append({"key": operation.key_parameter, "value": given[operation.key_parameter]})
    query_text = "&".join(f"{each['key']}={each['value']}" for each in query)
    made: JsonObject = {
        "raw": value_of(names.base) + path + (f"?{query_text}" if query_text else ""),
        "host": [value_of(names.base)],
        "path": path.strip("/").split("/"),
    }
    return made | {name: found for name, found in (("query", query), ("variable", in_path)) if found}


def sample_name(operation: Operation) -> str:
    """Return the name of the file that an upload sends, or an empty text if the contract has no columns for it."""
    return f"{operation.id}{SAMPLE}" if operation.dialects else ""


def raw(value: Any) -> JsonObject:
    """Return a JSON body."""
    return {"mode": "raw", "raw": indented(value), "options": {"raw": {"language": "json"}}}


def indented(value: Any) -> str:
    """Return a value as indented JSON."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _json(media_type: str, value: Any) -> JsonObject:
    sent: JsonObject = {"header": [{"key": "Content-Type", "value": media_type}]}
    return sent if value is None else sent | {"body": raw(value)}


def _file(operation: Operation, body: RequestBody) -> JsonObject:
    # The path is relative to the working directory, which must be the folder of the collection.
    return {"key": body.part, "type": "file", "contentType": CSV, "src": sample_name(operation) or None}


def _example(contract: Contract, operation: Operation, body: RequestBody) -> Any:
    """Return the document's example of a body, with a user's id instead of the placeholder."""
    user = operation.roles.get("user")
    named = any(field.name == user for field in body.fields)
    return {**(body.example or {}), user: user_example(contract)} if named else body.example


def _parameter(parameter: JsonObject, values: Mapping[str, str]) -> JsonObject:
    described = {"key": parameter["name"], "value": values[parameter["name"]]}
    return described | ({"description": parameter["description"]} if "description" in parameter else {})
