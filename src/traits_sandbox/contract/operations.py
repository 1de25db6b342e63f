"""Reads a chapter with a curl line into an operation and its records."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from traits_sandbox.contract import curl, shapes, tables
from traits_sandbox.contract.document import Block, Chapter, Fence, NoticeBlock, Paragraph, Section, Table
from traits_sandbox.contract.model import (
    DocumentSource,
    Operation,
    OperationEffect,
    Parameter,
    Record,
    RequestBody,
    Response,
)
from traits_sandbox.contract.parts import Contradiction, Part, is_illustrative, slug, words

JSON: Final = "application/json"
RESPONSES: Final = frozenset({"Response", "Example response"})
REQUESTS: Final = frozenset({"Request", ""})
KEY_PLACEHOLDER: Final = ":api_key"

_COUNT: Final = re.compile(r"^\d+ (?=\S)")


@dataclass(slots=True)
class _Pieces:
    """The blocks of a chapter by what they are for."""

    requests: list[Fence] = field(default_factory=list)
    responses: list[Fence] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    notices: list[NoticeBlock] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)


def is_operation(chapter: Chapter) -> bool:
    """Tell whether a chapter documents a call."""
    return any(_is_request(block) for section in chapter.sections for block in section.blocks)


def read(chapter: Chapter) -> Part:
    """Return the operation of a chapter and the records of its tables.

    Raises:
        DocumentError: the chapter holds something that is no part of an operation.

    """
    pieces = _Pieces()
    for section in chapter.sections:
        _sort(chapter, section, pieces)
    for extra in (*pieces.requests[1:], *pieces.responses[1:]):
        raise chapter.error(extra.line, "second request or response in one chapter")
    call = _call(chapter, pieces.requests[0])
    operation = _operation(chapter, call, pieces)
    return Part(
        operations=(operation,),
        records=tuple(pieces.records),
        findings=tuple(_keyless(operation, call, line=pieces.requests[0].line)),
    )


def _is_request(block: Block) -> bool:
    return isinstance(block, Fence) and block.language == "shell" and not is_illustrative(block.text)


def _sort(chapter: Chapter, section: Section, pieces: _Pieces) -> None:
    tabled = [block for block in section.blocks if isinstance(block, Table)]
    if tabled:
        pieces.records.append(_record(chapter, section, tabled))
    elif section.level > 1:
        pieces.prose.append(f"### {section.heading.markdown}")
    for caption, block in section.captioned():
        match block:
            case Fence(language="json") if caption in RESPONSES:
                pieces.responses.append(block)
            case Fence(language="shell") if _is_request(block):
                pieces.requests.append(block)
                pieces.prose.extend([caption] if caption not in REQUESTS else [])
            case NoticeBlock():
                pieces.notices.append(block)
            case Table():
                pass
            case Paragraph() if tabled:
                pass
            case _:
                pieces.prose.append(words(chapter, block))


def _record(chapter: Chapter, section: Section, tabled: list[Table]) -> Record:
    for extra in tabled[1:]:
        raise chapter.error(extra.line, f"second table under the heading {section.title!r}")
    described = (block.prose.markdown for block in section.blocks if isinstance(block, Paragraph))
    return tables.record(chapter, section, tabled[0], "\n\n".join(described))


def _call(chapter: Chapter, fence: Fence) -> curl.CurlRequest:
    try:
        return curl.read(fence.text)
    except ValueError as error:
        raise chapter.error(fence.line, str(error)) from error


def _keyless(operation: Operation, call: curl.CurlRequest, *, line: int) -> Iterator[Contradiction]:
    if not call.authorized and not operation.key_parameter:
        yield Contradiction(line=line, section=operation.title, message="the request carries no API key")


def _operation(chapter: Chapter, call: curl.CurlRequest, pieces: _Pieces) -> Operation:
    fence = pieces.requests[0]
    plain, key = _split_key(call.query_parameters)
    body = _body(chapter, fence, call, pieces)
    behaviour, effect = _behaviour(body, webhook=call.bare)
    return Operation(
        id=_operation_id(chapter, call.path, behaviour),
        title=chapter.title,
        method="POST" if call.bare else call.method,
        path=call.path,
        description="\n\n".join(pieces.prose),
        notices=tuple(notice.prose.markdown for notice in pieces.notices),
        source=DocumentSource(section=chapter.title, line=chapter.line),
        behaviour=behaviour,
        effect=effect,
        path_parameters=_described(call.path_parameters, pieces.notices),
        query_parameters=_described(plain, pieces.notices),
        key_parameter=key,
        body=body,
        response=_response(chapter, pieces.responses[0]) if pieces.responses else None,
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
    """Return the word of a path that names what it carries: `level_ups` of /v1/level-ups, `kpis` of /v1/kpis/csv."""
    return path.removesuffix("/csv").rpartition("/")[2].replace("-", "_")


def _body(chapter: Chapter, fence: Fence, call: curl.CurlRequest, pieces: _Pieces) -> RequestBody | None:
    if call.part:
        return RequestBody(media_type=call.media_type or "multipart/form-data", part=call.part)
    if call.data is None:
        return None
    if call.media_type != JSON:
        raise chapter.error(fence.line, f"body of content type {call.media_type!r}")
    example = shapes.parse_json(chapter, call.data, line=fence.line)
    if not isinstance(example, dict):
        raise chapter.error(fence.line, "body that is not an object")
    if collection := _collection(example):
        return RequestBody(
            media_type=JSON, collection=collection, record=_first(chapter, fence, pieces), example=example
        )
    source = DocumentSource(section=chapter.title, line=fence.line)
    fields = shapes.infer(chapter, example, source)
    described = tuple(
        msgspec.structs.replace(each, description=_notice_for(str(example[each.name]), pieces.notices))
        for each in fields
    )
    return RequestBody(media_type=JSON, fields=described, example=example)


def _collection(example: dict[str, Any]) -> str:
    if len(example) != 1:
        return ""
    name, value = next(iter(example.items()))
    rows = isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
    return name if rows else ""


def _first(chapter: Chapter, fence: Fence, pieces: _Pieces) -> str:
    if not pieces.records:
        raise chapter.error(fence.line, "body of records that no table describes")
    return pieces.records[0].heading


def _described(parameters: tuple[Parameter, ...], notices: list[NoticeBlock]) -> tuple[Parameter, ...]:
    return tuple(
        msgspec.structs.replace(each, description=_notice_for(each.placeholder, notices)) for each in parameters
    )


def _notice_for(placeholder: str, notices: list[NoticeBlock]) -> str:
    named = (notice for notice in notices if placeholder in _bold(notice))
    return next((notice.prose.markdown for notice in named), "")


def _bold(notice: NoticeBlock) -> set[str]:
    return {span.text for span in notice.prose.spans if span.bold}


def _response(chapter: Chapter, fence: Fence) -> Response:
    example = shapes.read_json(chapter, fence)
    if not isinstance(example, dict) or not isinstance(example.get("code"), int):
        raise chapter.error(fence.line, "response without a 'code'")
    if not isinstance(example.get("message"), str):
        raise chapter.error(fence.line, "response without a 'message'")
    message = _COUNT.sub("{count} ", example["message"])
    return Response(status=example["code"], message=message, example=example)
