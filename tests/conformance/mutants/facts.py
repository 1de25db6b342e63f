"""What the mutants need to know of the contract, looked up once, and a sandbox that is made from one."""

import io
import re
import tempfile
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec
from starlette.types import ASGIApp

from traits_sandbox.conformance.catalogue.case import Case
from traits_sandbox.conformance.catalogue.every_case import catalogue
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.contract.load import CONTRACT_FILE, editions, load
from traits_sandbox.contract.model import Contract, Operation, Record
from traits_sandbox.reporting.masking import Masker
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.settings import Settings
from traits_sandbox.web.log import request_log

KEY = "Mutant-Key-7"


@cache
def contract() -> Contract:
    return load(editions()[-1])


@lru_cache(maxsize=4)
def _cases(prefix: str, seed: int, known_user: str, near_keys: tuple[str, ...]) -> tuple[Case, ...]:
    return tuple(catalogue(RequestFactory(contract(), prefix, seed, known_user, near_keys)))


def cases(made: RequestFactory) -> Iterable[Case]:
    """Return the catalogue, which is made once for all runs of the same prefix and seed: its cases keep nothing."""
    if made.contract is not contract():
        return catalogue(made)
    return _cases(made.prefix, made.seed, made.known_user, made.near_keys)


def having(behaviour: str) -> list[Operation]:
    return [each for each in contract().operations if each.behaviour == behaviour]


def the(behaviour: str) -> Operation:
    """Return the first operation of a behaviour: mutants change what the kit tests on it."""
    return having(behaviour)[0]


def record_of(operation: Operation) -> Record:
    assert operation.body is not None
    return contract().record(operation.body.record)


@cache
def _patterns() -> list[tuple[re.Pattern[str], Operation]]:
    escaped = [(re.escape(each.path), each) for each in contract().operations]
    return [(re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", path)), each) for path, each in escaped]


def operation_at(path: str) -> tuple[Operation | None, dict[str, str]]:
    """Return the operation that lives at a path, whatever the method, and what the path names."""
    for pattern, operation in _patterns():
        if found := pattern.fullmatch(path):
            return operation, found.groupdict()
    return None, {}


def sandbox_app(changed: Contract | None = None, key: str = KEY, **settings: Any) -> ASGIApp:
    """Return a fresh sandbox, of a changed contract if there is one."""
    if changed is None:
        return sandbox(key, **settings).app
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, CONTRACT_FILE).write_bytes(msgspec.json.encode(changed))
        return sandbox(key, contract=folder, **settings).app


def sandbox(key: str = KEY, **settings: Any) -> Sandbox:
    # Errors within a mutant are not reported.
    silent = request_log("none", Masker(()), io.StringIO())
    return Sandbox(Settings(log_format="none", api_key=(key,), **settings), log=silent)
