"""What is wrong with the key of a request that gets 401. Looked for only then; no part of a key is in a sentence."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl, unquote

import msgspec

from traits_sandbox.control.credentials import KEY_HEADERS, KEY_NAMES, SCHEMES
from traits_sandbox.web.auth import Keys, bearer


class KeyMistake(StrEnum):
    """Why a request has no valid key."""

    NO_KEY = "no-key"
    OTHER_HEADER = "key-in-other-header"
    IN_QUERY = "key-in-query"
    QUERY_NAME = "key-parameter-name"
    IN_BODY = "key-in-body"
    HEADER_TWICE = "key-header-twice"
    EMPTY = "key-empty"
    NO_SCHEME = "key-without-scheme"
    SCHEME_TWICE = "key-scheme-twice"
    SCHEME_SEPARATOR = "key-scheme-separator"
    BASIC = "key-scheme-basic"
    OTHER_SCHEME = "key-scheme-other"
    PLACEHOLDER = "key-placeholder"
    QUOTED = "key-quoted"
    LINE_END = "key-line-end"
    ENCODED = "key-percent-encoded"
    NOT_ASCII = "key-not-ascii"
    SPACE = "key-with-space"
    REPEATED = "key-repeated"
    DASHBOARD_NAME = "dashboard-name"
    LETTER_CASE = "key-letter-case"
    CONTROL_TOKEN = "key-is-control-token"  # noqa: S105 (the name of a mistake)
    WEB_TOKEN = "key-is-web-token"  # noqa: S105 (the name of a mistake)
    UNKNOWN = "key-unknown"


_SENTENCES: Final = {
    KeyMistake.NO_KEY: "the request has no key: send the header Authorization: Bearer KEY",
    KeyMistake.OTHER_HEADER: "the key must not be in the header {header}: send the header Authorization: Bearer KEY",
    KeyMistake.IN_QUERY: "this path does not take a key from the query: send the header Authorization: Bearer KEY",
    KeyMistake.QUERY_NAME: "the query parameter with the key must be named {parameter}",
    KeyMistake.IN_BODY: "the key must not be in the body: send the header Authorization: Bearer KEY",
    KeyMistake.HEADER_TWICE: "the request has several Authorization headers, and the last has no valid key: send one",
    KeyMistake.EMPTY: "the key is empty: is the variable with the key set?",
    KeyMistake.NO_SCHEME: "the Authorization header has no scheme: write Bearer and a space before the key",
    KeyMistake.SCHEME_TWICE: "the Authorization header has its scheme or name twice: write Bearer once before the key",
    KeyMistake.SCHEME_SEPARATOR: "between Bearer and the key must be one space and nothing else",
    KeyMistake.BASIC: "the Authorization header has the scheme Basic: send Bearer and the key, without a user",
    KeyMistake.OTHER_SCHEME: "the Authorization header has another scheme than Bearer: write Bearer before the key",
    KeyMistake.PLACEHOLDER: "the key is a placeholder that was not replaced: is the variable with the key set?",
    KeyMistake.QUOTED: "quotes or brackets are around the key: send the key without them",
    KeyMistake.LINE_END: "the key has an escaped line end or tab: remove it, for example where a file is read",
    KeyMistake.ENCODED: "the key is percent-encoded: send it as it is",
    KeyMistake.NOT_ASCII: "the key has characters outside ASCII, perhaps invisible ones or curly quotes: type it again",
    KeyMistake.SPACE: "the key has spaces or commas in it: send exactly one key",
    KeyMistake.REPEATED: "the key is there twice without a space: send it once",
    KeyMistake.DASHBOARD_NAME: (
        "NAME in KEY/NAME is not valid: it must have 1 to 64 letters, digits, dots, hyphens or underscores"
    ),
    KeyMistake.LETTER_CASE: "the key has other upper-case and lower-case letters than a key of this sandbox",
    KeyMistake.CONTROL_TOKEN: "this is the token of --control-token, not a key: send a key of --api-key",
    KeyMistake.WEB_TOKEN: "this is a JSON Web Token, not a key: send a key of --api-key",
    KeyMistake.UNKNOWN: "the key is not one of the keys of this sandbox (--api-key)",
}

_QUOTES: Final = ("\"'`<([{", "\"'`>)]}")
_PLACEHOLDER: Final = re.compile(
    r"(\$\w+|\$?\{.*\}|%\w+%|\[object Object\]|undefined|null|none|nil|changeme|x{3,}|\*{3,}|\.{3,}"
    r"|<?\[?(your|my|the|insert|enter|paste|put)?[ _-]*(api|secret|access)?[ _-]*(key|token)([ _-]*here)?\]?>?)(/.*)?",
    re.IGNORECASE,
)
_NO_SPACE: Final = re.compile(r"bearer(?=[:=_\t]|$|\S)", re.IGNORECASE)
_ESCAPED_END: Final = re.compile(r"\\[rnt]|%0[ad9]", re.IGNORECASE)
_WEB_TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_IN_BODY: Final = re.compile(
    rf"""["&]?\b({"|".join(KEY_NAMES)})\b["']?\s*[:=]\s*["']?[^\s"']""".encode(), re.IGNORECASE
)


class KeyProblem(msgspec.Struct, frozen=True):
    """A mistake, with its sentence."""

    mistake: KeyMistake
    sentence: str


class SentKey(msgspec.Struct, frozen=True):
    """What a request has where a key can be: its headers, its query, and the parameter that its path allows."""

    headers: Sequence[tuple[bytes, bytes]]
    query: str = ""
    parameter: str = ""


class KeyDiagnosis:
    """Finds the mistake of a request without a valid key."""

    def __init__(self, keys: Keys, token: str | None) -> None:
        self._keys = keys
        self._token = token

    def problem(self, sent: SentKey) -> KeyProblem:
        """Return what is wrong with the key of a request."""
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in sent.headers]
        given = [value for name, value in headers if name == "authorization"]
        if not given:
            return self._elsewhere(headers, sent)
        if len(given) > 1 and any(self._is_valid(bearer(value)) for value in given):
            return _problem(KeyMistake.HEADER_TWICE)
        return _problem(self._of_header(given[-1].strip()))

    def in_body(self, begin: bytes) -> KeyProblem | None:
        """Return the mistake if the beginning of a body has a key, else None."""
        return _problem(KeyMistake.IN_BODY) if _IN_BODY.search(begin) else None

    def _elsewhere(self, headers: list[tuple[str, str]], sent: SentKey) -> KeyProblem:
        query = dict(parse_qsl(sent.query, keep_blank_values=True, errors="replace", max_num_fields=None))
        if sent.parameter and sent.parameter in query:
            return _problem(self._of_key(query[sent.parameter].strip()))
        if other := next((KEY_HEADERS[name] for name, _ in headers if name in KEY_HEADERS), ""):
            return _problem(KeyMistake.OTHER_HEADER, header=other)
        if any(name.lower().strip() in _LOWER_NAMES for name in query):
            if sent.parameter:
                return _problem(KeyMistake.QUERY_NAME, parameter=sent.parameter)
            return _problem(KeyMistake.IN_QUERY)
        return _problem(KeyMistake.NO_KEY)

    def _of_header(self, value: str) -> KeyMistake:
        scheme, space, rest = value.partition(" ")
        name, rest = scheme.lower(), rest.strip()
        if not value or (name in SCHEMES and not rest):
            return KeyMistake.EMPTY
        if name == "bearer" and space:
            return self._of_key(rest)
        if name in SCHEMES and space:
            return KeyMistake.BASIC if name == "basic" else KeyMistake.OTHER_SCHEME
        if name.rstrip(":=") == "authorization":
            return KeyMistake.SCHEME_TWICE
        if _NO_SPACE.match(value):
            return KeyMistake.SCHEME_SEPARATOR
        inner = value.strip("".join(_QUOTES))
        if inner != value and inner.lower().startswith("bearer "):
            return KeyMistake.QUOTED
        return KeyMistake.PLACEHOLDER if _PLACEHOLDER.fullmatch(value) else KeyMistake.NO_SCHEME

    def _of_key(self, key: str) -> KeyMistake:
        """Return the mistake of a text in the place of a key."""
        return next((mistake for mistake, is_made in self._tests() if is_made(key)), KeyMistake.UNKNOWN)

    def _tests(self) -> Iterator[tuple[KeyMistake, Callable[[str], bool]]]:
        """Yield the mistakes in the order in which they are looked for, each with its test."""
        yield KeyMistake.EMPTY, lambda key: not key.strip(" \"'")
        yield KeyMistake.CONTROL_TOKEN, lambda key: self._token is not None and key == self._token
        yield KeyMistake.SCHEME_TWICE, lambda key: key.lower().startswith(("bearer ", "authorization"))
        yield KeyMistake.DASHBOARD_NAME, self._has_bad_name
        yield KeyMistake.PLACEHOLDER, lambda key: _PLACEHOLDER.fullmatch(key) is not None
        yield KeyMistake.QUOTED, _is_quoted
        yield KeyMistake.LINE_END, lambda key: _ESCAPED_END.search(key) is not None
        yield KeyMistake.NOT_ASCII, lambda key: not key.isascii() or not key.isprintable()
        yield KeyMistake.ENCODED, lambda key: self._is_valid(unquote(key))
        yield KeyMistake.SPACE, lambda key: " " in key or "," in key
        yield KeyMistake.REPEATED, lambda key: _is_twice(key) and self._is_valid(key[: len(key) // 2])
        yield KeyMistake.WEB_TOKEN, lambda key: _WEB_TOKEN.fullmatch(key) is not None
        yield KeyMistake.LETTER_CASE, lambda key: self._keys.has_in_other_case(key)

    def _has_bad_name(self, key: str) -> bool:
        name = self._keys.name_in(key)
        # A valid NAME with a line end after it is another mistake.
        return name is not None and not _ESCAPED_END.search(name) and not _is_around(key)

    def _is_valid(self, key: str) -> bool:
        return self._keys.dashboard(key) is not None


def _is_twice(key: str) -> bool:
    half = len(key) // 2
    return key[:half] == key[half:]


def _is_quoted(key: str) -> bool:
    return key[0] in _QUOTES[0] or key[-1] in _QUOTES[1]


def _is_around(key: str) -> bool:
    return key[0] in _QUOTES[0]


def _problem(mistake: KeyMistake, **names: str) -> KeyProblem:
    return KeyProblem(mistake, _SENTENCES[mistake].format(**names))


_LOWER_NAMES: Final[Iterable[str]] = frozenset(name.lower() for name in KEY_NAMES)
