"""Exploration: Schemathesis and Hypothesis search for unexpected failures with generated data.

Findings are reported separately and never change the verdict, which depends on the catalogue only: a finding shows a
place to check, a requirement is a promise. So a server can be conformant and have findings.
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

# The engine is patched while it runs, and there is one for the whole process.
_ALONE = threading.Lock()
_GLANCE = 0.2


async def explore(
    wire: Wire, materials: RequestFactory, permit: Permit, tally: RunState, options: Options, target: Target
) -> Exploration:
    """Send `options.explore` generated examples of each allowed operation, and some hundred edge cases.

    Every request goes over `wire`, within the remaining requests and time of the run. Ids that the server has accepted
    are added to `tally`, to be removed. The same seed sends the same requests. Deletions are never explored.
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
        # A request that is still running may create data, which must be removed too.
        await asyncio.wait([thread], timeout=2 * options.limits.timeout)
        raise
    return Exploration(options.explore, wire.sent - begin, findings.all(), skipped)


def _explore(course: Course, tap: Tap, findings: Findings, patience: float) -> tuple[Reason, ...]:
    """Explore to the end; return the reasons why it ended early."""
    if not _turn(tap, patience):
        return (tap.stopped or Reason.of(ReasonKind.OTHER_EXPLORATION),)
    problems: list[str] = []
    try:
        with tap.open(), closing(scenes(course)) as told:
            # After the last scene, handle the requests that the engine did not report.
            for scene in chain(told, [Scene("")]):
                problems += [f"{scene.label}: {scene.problem}"] if scene.problem else []
                for sighting in sightings(scene, {} if scene.problem else tap.taken()):
                    findings.add(sighting)
    # An error in Schemathesis must not stop the run before its verdict and its clean-up.
    except (Exception, Stop) as error:
        problems.append(f"{type(error).__name__}: {error}")
    finally:
        _ALONE.release()
    found = [Reason.of(ReasonKind.EXPLORATION_PROBLEM, text=problem) for problem in problems]
    return (*((tap.stopped,) if tap.stopped else ()), *found)


def _turn(tap: Tap, patience: float) -> bool:
    """Wait until no other run explores; return whether that happened in time."""
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
    """Return where the records of a push allow any value of a type; ids are those of the run."""
    if not operation.body or not operation.body.record:
        return ()
    record = contract.record(operation.body.record)
    free = (each for each in record.fields if not (each.format or each.allowed or each.role or each.name == record.key))
    kinds = ((f"{operation.body.collection}[*].{each.name}", _KINDS.get(each.type)) for each in free)
    return tuple((path, kind) for path, kind in kinds if kind)


_KINDS: dict[str, Kind] = {"string": "string", "int": "integer", "float": "number"}

_UNKNOWN = ["2xx", "404"]
_EXPECTED = {
    # Parameters are generated.
    "assessment_status": _UNKNOWN,
    "persona_users": _UNKNOWN,
    "persona_traits": _UNKNOWN,
    # A schema cannot describe the columns of a file.
    "upload": ["2xx", "4xx"],
}
"""The statuses that a server may answer to data that fits the schema, by behaviour; others only allow 2xx."""


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
        # A server that refuses unknown fields would not check the rest of such data.
        if name in sent and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


def _without_examples(described: dict[str, Any]) -> dict[str, Any]:
    """Return an operation without examples of files, which name other users."""
    content = described.get("requestBody", {}).get("content", {})
    for media_type, media in content.items():
        if media_type.startswith("multipart/"):
            media.pop("examples", None)
    return described
