"""Runs Schemathesis and Hypothesis, independently of the environment. No other module imports them."""

import csv
import os
import tempfile
from collections.abc import Generator, Iterable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from traits_sandbox.conformance.exploring.translation import NOWHERE
from traits_sandbox.conformance.http.exchange import BEARER
from traits_sandbox.extras import required

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from schemathesis.engine.events import EngineEvent, ScenarioFinished

CSV: Final = "text/csv"
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Broken:
    """A failed check: its name, a message, and the id of the case."""

    check: str
    title: str
    message: str
    case: str


@dataclass(frozen=True, slots=True)
class Scene:
    """The result of an operation in a phase: the description of each case by its id, and the failed checks.

    `problem` says why the engine stopped.
    """

    label: str
    cases: dict[str, str] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()
    problem: str = ""


Kind = Literal["string", "integer", "number"]


@dataclass(frozen=True, slots=True)
class Told:
    """Facts about an operation that the document does not have.

    `expected` are the statuses of replies to valid data. `hard` are paths within its body, such as `users[*].level`,
    where difficult values of a type are allowed.
    """

    expected: list[str]
    hard: tuple[tuple[str, Kind], ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """The subject of exploration: an OpenAPI document, the examples for each operation, and valid files to upload.

    `prefix` begins the ids of the run, which generated files keep. `operations` has further facts by operation id.
    """

    document: dict[str, Any]
    examples: int
    seed: int
    prefix: str
    files: tuple[str, ...]
    operations: dict[str, Told]


def require_extra() -> None:
    """Make sure that exploration is possible.

    Raises:
        UsageError: the extra is not installed.

    """
    with required("conformance", by="--explore"):
        import hypothesis  # noqa: F401
        import schemathesis  # noqa: F401


def scenes(course: Course) -> Generator[Scene, None, None]:
    """Explore, and yield the results. Requests go to an address that does not exist, with a marker for the key."""
    import schemathesis
    from schemathesis.engine import from_schema

    with _undisturbed(course.files, course.prefix):
        schema = schemathesis.openapi.from_dict(course.document, config=_config(course))
        for event in from_schema(schema).execute():
            yield from _scene(event)


def _scene(event: "EngineEvent") -> Iterator[Scene]:
    from requests import ConnectionError as Unreachable
    from schemathesis.engine import events

    if isinstance(event, events.ScenarioFinished):
        yield Scene(event.label or "", dict(_described(event)), tuple(_broken(event)))
    elif isinstance(event, events.NonFatalError) and not isinstance(event.value, Unreachable):
        yield Scene(event.label, problem=" ".join(f"{event.info.title}: {event.info.message}".split())[:_LONGEST])
    elif isinstance(event, events.FatalError):
        raise event.exception


def _described(event: "ScenarioFinished") -> Iterator[tuple[str, str]]:
    for case_id, node in event.recorder.cases.items():
        meta = node.value.meta
        yield case_id, (meta.phase.data.description or "") if meta else ""


def _broken(event: "ScenarioFinished") -> Iterator[Broken]:
    for case_id, nodes in event.recorder.checks.items():
        for node in nodes:
            if node.failure_info is not None:
                failure = node.failure_info.failure
                yield Broken(node.name, failure.title, failure.message, case_id)


_HARD: Final[dict[Kind, list[str | float]]] = {
    "string": [
        *("x" * length for length in (65, 256, 1025, 10_001)),
        *("'\"`\\", "%s%n", "${x}", "{{x}}", "../x", "<b>&lt;", "a\r\nb", "null", "NaN", "-0", "\ufeffx"),
        *("\u0130", "\u202ex", "e\u0301", "\u2028", "\U0001f469\u200d\U0001f467", "\ufdfa" * 40, "\uffff"),
    ],
    "integer": [-1, -(2**63) - 1, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64],
    "number": [-1.5, 2**53 + 1, 2**64, 1e21, 1.7e308, 5e-324],
}
"""Values that break many programs, by type. Random generation would rarely produce them."""

_OFTEN: Final = 0.2

_ON: Final = {"enabled": True}
_OFF: Final = {"enabled": False}
_UNFED: Final = {"extra-data-sources": {"responses": False}}
"""Requests do not use values from replies, so that the same seed sends the same requests to every server."""

_SETTINGS: Final[dict[str, Any]] = {
    "cache": _OFF,
    "dictionaries": {name: {"values": values} for name, values in _HARD.items()},
    "continue-on-failure": True,
    "max-redirects": 0,
    "workers": 1,
    "warnings": False,
    "suppress-health-check": ["all"],
    "analysis": {"constants": _OFF},
    "auth": {"auto-signup": False},
    "phases": {
        "examples": _ON | _UNFED,
        "coverage": _ON | _UNFED | {"unexpected-methods": []},
        "fuzzing": _ON | _UNFED | {"error-feedback": _OFF},
        "stateful": _OFF,
    },
    # All other checks are off, including those of later versions.
    "checks": _OFF
    | {
        "status_code_conformance": _ON,
        "content_type_conformance": _ON,
        "response_schema_conformance": _ON,
        "ignored_auth": _ON,
        "positive_data_acceptance": _ON | {"expected-statuses": ["2xx"]},
        "negative_data_rejection": _ON | {"expected-statuses": ["4xx"]},
    },
}


def _config(course: Course) -> Any:
    from schemathesis.config import SchemathesisConfig

    generation = {
        "max-examples": course.examples,
        "database": "none",
        "no-shrink": True,
        "allow-x00": False,
        "with-security-parameters": False,
    }
    operations = [
        {
            "include-operation-id": name,
            "checks": {"positive_data_acceptance": {"expected-statuses": told.expected}},
            "parameters": {f"body.{path}": {"dictionary": kind, "probability": _OFTEN} for path, kind in told.hard},
        }
        for name, told in course.operations.items()
    ]
    own = {"seed": course.seed, "generation": generation, "operations": operations}
    config = SchemathesisConfig.from_dict(_SETTINGS | own)
    config.projects.default.update(base_url=NOWHERE, headers=dict([BEARER]))
    return config


@contextmanager
def _undisturbed(files: tuple[str, ...], prefix: str) -> Iterator[None]:
    """Isolate the engine from the environment, and undo its changes at the end."""
    from hypothesis import configuration
    from hypothesis.internal.cache import LRUCache
    from hypothesis.internal.conjecture import providers
    from hypothesis.internal.constants_ast import Constants
    from schemathesis.core.media_types import MEDIA_TYPE_STRATEGIES

    with ExitStack() as stack:
        # It can name modules to run, and a login file of this machine would replace the key.
        stack.enter_context(_set(os.environ, {"SCHEMATHESIS_HOOKS": "", "NETRC": os.devnull}))
        # Hypothesis uses constants of local modules as values, but an installed package has no local modules.
        constants = {"_get_local_constants": Constants, "CONSTANTS_CACHE": LRUCache(1024)}
        stack.enter_context(_set(vars(providers), constants))
        # It also writes a folder into the current one.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="traits-sandbox-", ignore_cleanup_errors=True))
        stack.enter_context(_set(vars(configuration), {"__hypothesis_home_directory": Path(folder)}))
        stack.enter_context(_set(MEDIA_TYPE_STRATEGIES, {CSV: _csv_files(files, prefix)}))
        yield


@contextmanager
def _set(names: MutableMapping[str, Any], values: dict[str, Any]) -> Iterator[None]:
    """Set attributes to other values while the block runs."""
    before = {name: names[name] for name in values if name in names}
    names.update(values)
    try:
        yield
    finally:
        for name in values.keys() - before.keys():
            del names[name]
        names.update(before)


def _csv_files(valid: tuple[str, ...], prefix: str) -> "SearchStrategy[bytes]":
    """Return a strategy for files like the valid ones, with any text in their cells; ids of the run are kept."""
    from hypothesis import strategies

    text = strategies.text(strategies.characters(codec="utf-8"), max_size=20)

    def like(file: str) -> "SearchStrategy[bytes]":
        header, row = csv.reader(StringIO(file))
        cells = [strategies.just(each) if each.startswith(prefix) else strategies.just(each) | text for each in row]
        rows = strategies.lists(strategies.tuples(*cells), min_size=1, max_size=3)
        return rows.map(lambda drawn: _written([header, *drawn]))

    return strategies.one_of(*map(like, valid))


def _written(rows: Iterable[Iterable[str]]) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
