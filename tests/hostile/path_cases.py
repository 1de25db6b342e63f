"""Hostile paths: every way to spell a path otherwise, on every route."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.hostile.cases import NOT_FOUND, TAKEN, UNPARSED, Case, framed_case
from tests.hostile.messages import Message


def path_cases() -> Iterator[Case]:
    """Yield every case that spells a route's path otherwise; one decoding, and no more, leads to the route."""
    same: dict[str, Callable[[bytes], bytes]] = {
        "one letter escaped": lambda path: b"/%76" + path[2:],
        "all escaped": lambda path: b"/".join(_escaped(segment) for segment in path.split(b"/")),
        "all escaped in capitals": lambda path: b"/".join(_escaped(segment).upper() for segment in path.split(b"/")),
    }
    for name, change in same.items():
        yield _path_case(name, change, accepted=True)
    other: dict[str, Callable[[bytes], bytes]] = {
        "escaped twice": lambda path: b"/%2576" + path[2:],
        "overlong": lambda path: b"/%c1%b6" + path[2:],
        "overlong slash": lambda path: path.replace(b"/", b"%c0%af"),
        "fullwidth": lambda path: b"/%ef%bd%96" + path[2:],
        "combining": lambda path: b"/v%cc%81" + path[2:],
        "slash escaped": lambda path: b"/v1%2F" + path[4:],
        "backslash": lambda path: path.replace(b"/", b"\\"),
        "backslash escaped": lambda path: path.replace(b"/", b"%5C"),
        "slash before": lambda path: b"//" + path[1:],
        "slash after": lambda path: path + b"/",
        "slash doubled": lambda path: path.replace(b"/v1/", b"/v1//"),
        "dot": lambda path: path.replace(b"/v1/", b"/v1/./"),
        "dots": lambda path: path.replace(b"/v1/", b"/v1/x/../"),
        "dots escaped": lambda path: path.replace(b"/v1/", b"/v1/x/%2e%2e/"),
        "dots around": lambda path: b"/x/.." + path,
        "NUL after": lambda path: path + b"%00",
        "NUL within": lambda path: path.replace(b"/v1", b"/v1%00"),
        "newline": lambda path: path + b"%0d%0aSet-Cookie:%20a=b",
        "space": lambda path: path + b"%20",
        "dot after": lambda path: path + b".",
        "suffix": lambda path: path + b".json",
        "parameter": lambda path: path + b";a=b",
        "question mark escaped": lambda path: path + b"%3Fid=1",
        "percent alone": lambda path: path + b"%",
        "percent and no digits": lambda path: path + b"%zz",
        "percent u": lambda path: path + b"%u0061",
        "surrogate": lambda path: path + b"%ED%A0%80",
        "capitals": lambda path: path.upper(),
        "plus": lambda path: path + b"+",
    }
    for name, change in other.items():
        yield _path_case(name, change, accepted=False)


def _path_case(name: str, change: Callable[[bytes], bytes], *, accepted: bool) -> Case:
    def raw(message: Message) -> bytes:
        path, mark, query = message.target.partition(b"?")
        return replace(message, target=change(path) + mark + query).raw()

    return framed_case(f"path: {name}", raw, TAKEN if accepted else NOT_FOUND | UNPARSED)


def _escaped(segment: bytes) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in segment)
