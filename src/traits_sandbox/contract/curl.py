"""Reads the curl commands of the document."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from traits_sandbox.contract.model import Parameter

_OPTIONS: Final = {
    "-X": "method",
    "--request": "method",
    "-H": "header",
    "--header": "header",
    "-d": "data",
    "--data": "data",
    "-F": "form",
    "--form": "form",
}
_PLACEHOLDER: Final = re.compile(r":(\w+)")


@dataclass(frozen=True, slots=True)
class CurlRequest:
    """The request that a documented curl command sends.

    `data` is the text of `-d`. `part` is the part's name in `-F name=@file`. `bare` is set if the document
    shows only a URL, `authorized` if the command has an Authorization header.
    """

    method: str
    path: str
    path_parameters: tuple[Parameter, ...]
    query_parameters: tuple[Parameter, ...]
    media_type: str = ""
    data: str | None = None
    part: str = ""
    bare: bool = False
    authorized: bool = False


def read(command: str) -> CurlRequest:
    """Return the request of a curl command, or of a URL alone.

    Raises:
        ValueError: the command has an option, a URL or a query that this reader does not know.

    """
    arguments = shlex.split(command.replace("\\\n", " "))
    if arguments[:1] != ["curl"]:
        return replace(_request(_only(arguments, "URL"), {}), bare=True)
    given: dict[str, list[str]] = {}
    for name, value in _options(arguments[1:]):
        given.setdefault(name, []).append(value)
    return _request(_only(given.pop("url", []), "URL"), given)


def _options(arguments: list[str]) -> Iterator[tuple[str, str]]:
    rest = iter(arguments)
    for argument in rest:
        option, joined = (argument, "") if argument.startswith("--") else (argument[:2], argument[2:])
        if not argument.startswith("-"):
            yield "url", argument
        elif option not in _OPTIONS:
            raise ValueError(f"unknown curl option {argument!r}")
        else:
            yield _OPTIONS[option], joined or _value(rest, option)


def _value(rest: Iterator[str], option: str) -> str:
    for value in rest:
        return value
    raise ValueError(f"the curl option {option!r} has no value")


def _request(url: str, given: dict[str, list[str]]) -> CurlRequest:
    address = urlsplit(url)
    if address.scheme != "https" or not address.path.startswith("/v1/"):
        raise ValueError(f"the URL {url!r} is not https with a path under /v1/")
    form = _only(given["form"], "form part") if "form" in given else ""
    data = _only(given["data"], "body") if "data" in given else None
    method = _only(given["method"], "method") if "method" in given else "POST" if form or data else "GET"
    return CurlRequest(
        method=method,
        path=_PLACEHOLDER.sub(r"{\1}", address.path),
        path_parameters=tuple(_parameter(name, f":{name}") for name in _PLACEHOLDER.findall(address.path)),
        query_parameters=tuple(_parameter(*pair) for pair in parse_qsl(address.query, keep_blank_values=True)),
        media_type=_header(given, "content-type"),
        data=data,
        part=_part(form),
        authorized=bool(_header(given, "authorization")),
    )


def _parameter(name: str, placeholder: str) -> Parameter:
    if not _PLACEHOLDER.fullmatch(placeholder):
        raise ValueError(f"the parameter {name!r} has no placeholder such as ':{name}'")
    return Parameter(name=name, placeholder=placeholder)


def _part(form: str) -> str:
    name, at, _ = form.partition("=@")
    if form and not at:
        raise ValueError(f"the form part {form!r} is not a file")
    return name


def _header(given: dict[str, list[str]], name: str) -> str:
    pairs = (line.partition(":") for line in given.get("header", []))
    values = [value.strip() for key, _, value in pairs if key.lower() == name]
    return _only(values, f"{name} header") if values else ""


def _only(values: list[str], what: str) -> str:
    if len(values) != 1:
        raise ValueError(f"expected one {what}, found {len(values)}")
    return values[0]
