"""Exploration: Schemathesis and Hypothesis look for what nobody thought of, by data that they make up.

What they find is reported apart. It never changes the verdict, which the catalogue alone gives: a finding says where
to look, a requirement says what is promised. So a server may be conformant and have findings.
"""

import asyncio
import threading
from contextlib import closing
from itertools import chain
from time import monotonic
from typing import Any

from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.exploring.engine import Course, Kind, Scene, Told, require_extra, scenes
from traits_sandbox.conformance.exploring.findings import Findings, sightings
from traits_sandbox.conformance.exploring.naming import Naming
from traits_sandbox.conformance.exploring.settled import Readings
from traits_sandbox.conformance.exploring.tap import Stop, Tap
from traits_sandbox.conformance.http.client import Target, Wire
from traits_sandbox.conformance.http.keys import masker_of
from traits_sandbox.conformance.http.safety import Permit
from traits_sandbox.conformance.judging.report import Exploration
from traits_sandbox.conformance.reasons import Reason, ReasonKind
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.runner import RunState
from traits_sandbox.contract.model import Contract, Operation
from traits_sandbox.derive.examples import csv_example, user_example
from traits_sandbox.derive.openapi.document import openapi
from traits_sandbox.derive.openapi.exchange import schema_name

__all__ = ["explore", "require_extra"]

# The engine is patched while it runs, and it is one for the whole process.
_ALONE = threading.Lock()
_GLANCE = 0.2


async def explore(
    wire: Wire, materials: RequestFactory, permit: Permit, tally: RunState, options: Options, target: Target
) -> Exploration:
    """Try `options.explore` made-up examples of each operation that may be called, and some hundred edge cases.

    Every request goes over `wire`, within what is left of the run's requests and time. Ids that the server has taken
    are added to `tally`, to be removed. The same seed sends the same. Deletions are never explored.
    """
    operations = [each for each in materials.contract.operations if _explored(each, permit)]
    naming = Naming(materials.contract, materials.prefix)
    tap = Tap(wire, operations, naming, tally, max_requests=options.limits.max_requests)
    findings = Findings(
        Readings(materials.contract),
        Reproduction(target.base_url, target.ca_file or ""),
        masker_of(target.key),
        exact=options.profile == "emulator",
    )
    course, begin = _course(materials, operations, naming, options), wire.sent
    thread = asyncio.ensure_future(asyncio.to_thread(_explore, course, tap, findings, wire.left))
    try:
        skipped = await asyncio.shield(thread)
    except asyncio.CancelledError:
        tap.stop(Reason.of(ReasonKind.RUN_CANCELLED))
        # What is under way may still make something, which is to be removed all the same.
        await asyncio.wait([thread], timeout=2 * options.limits.timeout)
        raise
    return Exploration(options.explore, wire.sent - begin, findings.all(), skipped)


def _explore(course: Course, tap: Tap, findings: Findings, patience: float) -> tuple[Reason, ...]:
    """Explore to the end; return why it did not get there."""
    if not _turn(tap, patience):
        return (tap.stopped or Reason.of(ReasonKind.OTHER_EXPLORATION),)
    problems: list[str] = []
    try:
        with tap.open(), closing(scenes(course)) as told:
            # Behind the last scene comes what was sent before the engine could say anything of it.
            for scene in chain(told, [Scene("")]):
                problems += [f"{scene.label}: {scene.problem}"] if scene.problem else []
                for sighting in sightings(scene, {} if scene.problem else tap.taken()):
                    findings.add(sighting)
    # Whatever Schemathesis stumbles over must not keep the run from its verdict and from cleaning up.
    except (Exception, Stop) as error:
        problems.append(f"{type(error).__name__}: {error}")
    finally:
        _ALONE.release()
    found = [Reason.of(ReasonKind.EXPLORATION_PROBLEM, text=problem) for problem in problems]
    return (*((tap.stopped,) if tap.stopped else ()), *found)


def _turn(tap: Tap, patience: float) -> bool:
    """Wait until nobody else explores; return whether that came to be."""
    end = monotonic() + patience
    while not tap.stopped and monotonic() < end:
        if _ALONE.acquire(timeout=_GLANCE):
            return True
    return False


def _explored(operation: Operation, permit: Permit) -> bool:
    return operation.effect != "destroy" and permit.allows(operation.effect)


def _course(materials: RequestFactory, operations: list[Operation], naming: Naming, options: Options) -> Course:
    contract = materials.contract
    user = naming.id(user_example(contract))
    files = [csv_example(contract, dialect) for each in operations for dialect in each.dialects]
    return Course(
        document=_document(contract, {each.id for each in operations}),
        examples=options.explore,
        seed=options.seed,
        prefix=materials.prefix,
        files=tuple(file.replace(user_example(contract), user) for file in files),
        operations={
            each.id: Told(_EXPECTED.get(each.behaviour, ["2xx"]), _hard(contract, each)) for each in operations
        },
    )


def _hard(contract: Contract, operation: Operation) -> tuple[tuple[str, Kind], ...]:
    """Return where the records of a push take any value of a type; ids are those of the run."""
    if not operation.body or not operation.body.record:
        return ()
    record = contract.record(operation.body.record)
    free = (each for each in record.fields if not (each.format or each.allowed or each.role or each.name == record.key))
    kinds = ((f"{operation.body.collection}[*].{each.name}", _KINDS.get(each.type)) for each in free)
    return tuple((path, kind) for path, kind in kinds if kind)


_KINDS: dict[str, Kind] = {"string": "string", "int": "integer", "float": "number"}

_UNKNOWN = ["2xx", "404"]
_EXPECTED = {
    # Who and what is asked for is made up.
    "assessment_status": _UNKNOWN,
    "persona_users": _UNKNOWN,
    "persona_traits": _UNKNOWN,
    # A schema cannot say which columns a file has, nor what is in them.
    "upload": ["2xx", "4xx"],
}
"""What a server may answer to data that keeps the schema, by behaviour; 2xx alone where nothing is said."""


def _document(contract: Contract, wanted: set[str]) -> dict[str, Any]:
    """Return the OpenAPI document of some operations."""
    document = openapi(contract)
    for path, item in document["paths"].items():
        document["paths"][path] = {
            method: _without_examples(each) for method, each in item.items() if each["operationId"] in wanted
        }
    document["paths"] = {path: item for path, item in document["paths"].items() if item}
    sent = {each.heading for each in contract.records} | {schema_name(each, "Request") for each in contract.operations}
    for name, schema in document["components"]["schemas"].items():
        # A server that refuses unknown fields would not look at the rest of data that has them.
        if name in sent and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


def _without_examples(described: dict[str, Any]) -> dict[str, Any]:
    """Return an operation without examples of files, which are about users of others."""
    content = described.get("requestBody", {}).get("content", {})
    for media_type, media in content.items():
        if media_type.startswith("multipart/"):
            media.pop("examples", None)
    return described
