"""The reference page of the control API, read from its OpenAPI document."""

from collections.abc import Iterator
from typing import Any

from tools.markdown import code, page, prose, table

Schema = dict[str, Any]

INTRODUCTION = """
The control API is under `/_sandbox`. Only a sandbox has it; the vendor's servers do not.
[control.openapi.json](../../schemas/control.openapi.json) describes it completely; a running sandbox serves the same
document at `/_sandbox/openapi.json`. [Test your client](../test-your-client.md) and
[Inject failures](../inject-failures.md) show how to use it.
"""


def control_page(document: Schema) -> bytes:
    """Return the page in Markdown, given the OpenAPI document."""
    calls = table(("Call", "What it does", "Query parameters", "Body"), _calls(document))
    bodies = [_body(name, document["components"]["schemas"][name]) for name in _bodies(document)]
    title, source = "The control API", "the OpenAPI document of the control API"
    return page(title, INTRODUCTION, f"## Calls\n\n{calls}", "## Bodies", *bodies, source=source)


def _operations(document: Schema) -> Iterator[tuple[str, Schema]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def _calls(document: Schema) -> Iterator[tuple[str, str, str, str]]:
    for call, operation in _operations(document):
        query = [code(each["name"]) for each in operation.get("parameters", ()) if each.get("in") == "query"]
        yield code(call), prose(operation["summary"]) + ".", ", ".join(query), _shown(_sent(operation))


def _bodies(document: Schema) -> list[str]:
    """Return the names of the schemas of requests, and of the schemas that they refer to, each once."""
    found = [name for _, operation in _operations(document) for name in _named(_sent(operation))]
    for name in found:
        found += [inner for inner in _named(document["components"]["schemas"][name]) if inner not in found]
    return list(dict.fromkeys(found))


def _sent(operation: Schema) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    return next(iter(content.values()))["schema"] if content else {}


def _named(schema: Any) -> Iterator[str]:
    """Yield the name of each schema that a schema refers to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        schema = list(schema.values())
    for each in schema if isinstance(schema, list) else ():
        yield from _named(each)


def _body(name: str, schema: Schema) -> str:
    required = schema.get("required", ())
    rows = (
        (code(member), _shown(each), "yes" if member in required else "", _default(each), _meaning(each))
        for member, each in schema.get("properties", {}).items()
    )
    members = table(("Member", "Type", "Required", "Default", "Meaning"), rows)
    return "\n\n".join(part for part in (f"### {name}", prose(schema.get("description", "")), members) if part)


def _default(schema: Schema) -> str:
    value = schema.get("default")
    return code(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _meaning(schema: Schema) -> str:
    text = schema.get("description", "")
    return prose(text[:1].upper() + text[1:] + ("" if text.endswith(".") or not text else "."))


def _shown(schema: Schema) -> str:
    """Return the type of a value in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        kinds = [_shown(each) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema or "const" in schema:
        return " or ".join(code(str(each)) for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        inner = _shown(schema.get("items", {}))
        return f"list of {inner}" if inner else "list"
    return str(schema.get("type", ""))
