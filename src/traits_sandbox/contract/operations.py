"""Reads a chapter with a curl command into an operation and its records."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from traits_sandbox.contract import curl, shapes, tables
from traits_sandbox.contract.content import ChapterContent, CompilerWarning, description, is_illustrative, slug
from traits_sandbox.contract.document import Aside, Block, Chapter, Fence, Paragraph, Section, Table
from traits_sandbox.contract.model import (
    Operation,
    OperationEffect,
    Parameter,
    Record,
    RequestBody,
    Response,
    SourceLocation,
)

JSON: Final = "application/json"
RESPONSES: Final = frozenset({"Response", "Example response"})
REQUESTS: Final = frozenset({"Request", ""})
KEY_PLACEHOLDER: Final = ":api_key"

_COUNT: Final = re.compile(r"^\d+ (?=\S)")


@dataclass(slots=True)
class _OperationBlocks:
    """The blocks of a chapter, sorted by their purpose."""

    requests: list[Fence] = field(default_factory=list)
    responses: list[Fence] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)


def is_operation(chapter: Chapter) -> bool:
    """Return whether a chapter documents an endpoint."""
    return any(_is_request(block) for section in chapter.sections for block in section.blocks)


def read(chapter: Chapter) -> ChapterContent:
    """Return the operation of a chapter and the records of its tables.

    The compiler warns if the documented request has no API key.

    Raises:
        DocumentError: the chapter contains something that is not part of an operation.

    """
    blocks = _OperationBlocks()
    for section in chapter.sections:
        _sort(chapter, section, blocks)
    for extra in (*blocks.requests[1:], *blocks.responses[1:]):
        raise chapter.error(extra.line, "second request or response in one chapter")
    request = _request(chapter, blocks.requests[0])
    operation = _operation(chapter, request, blocks)
    return ChapterContent(
        operations=(operation,),
        records=tuple(blocks.records),
        warnings=tuple(_missing_key(operation, request, line=blocks.requests[0].line)),
    )


def _is_request(block: Block) -> bool:
    return isinstance(block, Fence) and block.language == "shell" and not is_illustrative(block.text)


def _sort(chapter: Chapter, section: Section, blocks: _OperationBlocks) -> None:
    own_tables = [block for block in section.blocks if isinstance(block, Table)]
    if own_tables:
        blocks.records.append(_record(chapter, section, own_tables))
    elif section.level > 1:
        blocks.prose.append(f"### {section.heading.markdown}")
    for caption, block in section.captioned():
        match block:
            case Fence(language="json") if caption in RESPONSES:
                blocks.responses.append(block)
            case Fence(language="shell") if _is_request(block):
                blocks.requests.append(block)
                blocks.prose.extend([caption] if caption not in REQUESTS else [])
            case Aside():
                blocks.asides.append(block)
            case Table():
                pass
            case Paragraph() if own_tables:
                pass
            case _:
                blocks.prose.append(description(chapter, block))


def _record(chapter: Chapter, section: Section, own_tables: list[Table]) -> Record:
    for extra in own_tables[1:]:
        raise chapter.error(extra.line, f"second table under the heading {section.title!r}")
    described = (block.prose.markdown for block in section.blocks if isinstance(block, Paragraph))
    return tables.record(chapter, section, own_tables[0], "\n\n".join(described))


def _request(chapter: Chapter, fence: Fence) -> curl.CurlRequest:
    try:
        return curl.read(fence.text)
    except ValueError as error:
        raise chapter.error(fence.line, str(error)) from error


def _missing_key(operation: Operation, request: curl.CurlRequest, *, line: int) -> Iterator[CompilerWarning]:
    if not request.authorized and not operation.key_parameter:
        yield CompilerWarning(line=line, section=operation.title, message="the request has no API key")


def _operation(chapter: Chapter, request: curl.CurlRequest, blocks: _OperationBlocks) -> Operation:
    fence = blocks.requests[0]
    plain, key = _split_key(request.query_parameters)
    body = _body(chapter, fence, request, blocks)
    behaviour, effect = _behaviour(body, webhook=request.bare)
    return Operation(
        id=_operation_id(chapter, request.path, behaviour),
        title=chapter.title,
        method="POST" if request.bare else request.method,
        path=request.path,
        description="\n\n".join(blocks.prose),
        notices=tuple(aside.prose.markdown for aside in blocks.asides),
        source=SourceLocation(section=chapter.title, line=chapter.line),
        behaviour=behaviour,
        effect=effect,
        path_parameters=_described(request.path_parameters, blocks.asides),
        query_parameters=_described(plain, blocks.asides),
        key_parameter=key,
        body=body,
        response=_response(chapter, blocks.responses[0]) if blocks.responses else None,
        curl=fence.text.rstrip("\n"),
    )


def _split_key(parameters: tuple[Parameter, ...]) -> tuple[tuple[Parameter, ...], str]:
    plain = tuple(each for each in parameters if each.placeholder != KEY_PLACEHOLDER)
    keys = [each.name for each in parameters if each.placeholder == KEY_PLACEHOLDER]
    return plain, "".join(keys[:1])


def _behaviour(body: RequestBody | None, *, webhook: bool) -> tuple[str, OperationEffect]:
    if webhook:
        return "webhook", "append"
    if body and body.collection:
        return "push", "append"
    if body and body.part:
        return "upload", "append"
    return "", "read"


def _operation_id(chapter: Chapter, path: str, behaviour: str) -> str:
    if behaviour not in ("push", "upload"):
        return slug(chapter.title)
    return f"{behaviour}_{tail(path)}"


def tail(path: str) -> str:
    """Return the part of a path that names its data: `level_ups` for /v1/level-ups, `kpis` for /v1/kpis/csv."""
    return path.removesuffix("/csv").rpartition("/")[2].replace("-", "_")


def _body(chapter: Chapter, fence: Fence, request: curl.CurlRequest, blocks: _OperationBlocks) -> RequestBody | None:
    if request.part:
        return RequestBody(media_type=request.media_type or "multipart/form-data", part=request.part)
    if request.data is None:
        return None
    if request.media_type != JSON:
        raise chapter.error(fence.line, f"unknown content type {request.media_type!r} of the body")
    example = shapes.parse_json(chapter, request.data, line=fence.line)
    if not isinstance(example, dict):
        raise chapter.error(fence.line, "the body is not an object")
    if collection := _collection(example):
        record = _first_record(chapter, fence, blocks)
        return RequestBody(media_type=JSON, collection=collection, record=record, example=example)
    source = SourceLocation(section=chapter.title, line=fence.line)
    fields = shapes.infer(chapter, example, source)
    described = tuple(
        msgspec.structs.replace(each, description=_aside_about(str(example[each.name]), blocks.asides))
        for each in fields
    )
    return RequestBody(media_type=JSON, fields=described, example=example)


def _collection(example: dict[str, Any]) -> str:
    if len(example) != 1:
        return ""
    name, value = next(iter(example.items()))
    rows = isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
    return name if rows else ""


def _first_record(chapter: Chapter, fence: Fence, blocks: _OperationBlocks) -> str:
    if not blocks.records:
        raise chapter.error(fence.line, "no table describes the records of the body")
    return blocks.records[0].heading


def _described(parameters: tuple[Parameter, ...], asides: list[Aside]) -> tuple[Parameter, ...]:
    return tuple(
        msgspec.structs.replace(each, description=_aside_about(each.placeholder, asides)) for each in parameters
    )


def _aside_about(placeholder: str, asides: list[Aside]) -> str:
    about = (aside for aside in asides if placeholder in _bold(aside))
    return next((aside.prose.markdown for aside in about), "")


def _bold(aside: Aside) -> set[str]:
    return {span.text for span in aside.prose.spans if span.bold}


def _response(chapter: Chapter, fence: Fence) -> Response:
    example = shapes.read_json(chapter, fence)
    if not isinstance(example, dict) or not isinstance(example.get("code"), int):
        raise chapter.error(fence.line, "the response has no 'code'")
    if not isinstance(example.get("message"), str):
        raise chapter.error(fence.line, "the response has no 'message'")
    message = _COUNT.sub("{count} ", example["message"])
    return Response(status=example["code"], message=message, example=example)
