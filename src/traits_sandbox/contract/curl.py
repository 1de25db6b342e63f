"""Reads the documented curl lines."""

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
    """A documented call.

    `data` is the text of `-d`, `part` the name before `=@` of `-F`; `bare` is a mere URL, `authorized` a call
    with an Authorization header.
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
    """Return the call that a curl line, or a bare URL, makes.

    Raises:
        ValueError: the line holds an option, a URL or a query that this reader does not know.

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
            raise ValueError(f"curl option {argument!r}")
        else:
            yield _OPTIONS[option], joined or _value(rest, option)


def _value(rest: Iterator[str], option: str) -> str:
    for value in rest:
        return value
    raise ValueError(f"curl option {option!r} without a value")


def _request(url: str, given: dict[str, list[str]]) -> CurlRequest:
    address = urlsplit(url)
    if address.scheme != "https" or not address.path.startswith("/v1/"):
        raise ValueError(f"URL {url!r} that is not https with a path below /v1/")
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
        raise ValueError(f"parameter {name!r} without a placeholder such as ':{name}'")
    return Parameter(name=name, placeholder=placeholder)


def _part(form: str) -> str:
    name, at, _ = form.partition("=@")
    if form and not at:
        raise ValueError(f"form part {form!r} that is not a file")
    return name


def _header(given: dict[str, list[str]], name: str) -> str:
    pairs = (line.partition(":") for line in given.get("header", []))
    values = [value.strip() for key, _, value in pairs if key.lower() == name]
    return _only(values, f"{name} header") if values else ""


def _only(values: list[str], what: str) -> str:
    if len(values) != 1:
        raise ValueError(f"{len(values)} values where one {what} belongs")
    return values[0]
