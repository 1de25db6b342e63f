"""The derived half of the catalogue: complete, one fault each, and of one mind with the contract's own schemas."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

import msgspec
import orjson
import pytest
from msgspec.structs import replace as replace_struct

from traits_sandbox.conformance.catalogue.case import Breach, Case, Talk
from traits_sandbox.conformance.catalogue.chapters import atomicity, bodies, fields, limits, timestamps
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.judging.requirements import registry
from traits_sandbox.conformance.reasons import Unanswered
from traits_sandbox.contract.load import load
from traits_sandbox.contract.model import Field, Operation
from traits_sandbox.derive.bodies import PushSchema, parse
from traits_sandbox.derive.messages import error_message
from traits_sandbox.derive.records import RecordSchema
from traits_sandbox.errors import BadRequest

CHAPTERS = (limits, fields, timestamps, bodies, atomicity)
PREFIX = "tsc-0123abcd-"
# What may be wrong with a value of each type, by the names that the cases have for it.
WRONG_TYPES = {
    "string": ("TYPE-003", {"number", "true", "false", "array", "object"}),
    "int": ("TYPE-004", {"text", "fraction", "true", "false", "array", "object"}),
    "float": ("TYPE-005", {"text", "whole-text", "true", "false", "array", "object"}),
    "list": ("TYPE-006", {"map", "lone-entry", "text", "number", "object", "true", "text-entry", "null-entry"}),
    "Timestamp": ("TS-002", {"iso-t", "date-only", "epoch", "true", "array"}),
}


def made_with(prefix: str = PREFIX, seed: int = 0) -> RequestFactory:
    return RequestFactory(load("2020-09"), prefix, seed)


def cases_of(made: RequestFactory) -> list[Case]:
    return [case for chapter in CHAPTERS for case in chapter.cases(made)]


MADE = made_with()
CONTRACT = MADE.contract
CASES = cases_of(MADE)
IDS = {case.id for case in CASES}
SCHEMAS = {operation.id: PushSchema(CONTRACT, operation) for operation in MADE.pushes}


def envelope(status: int, **more: Any) -> Reply:
    body = {"code": status, "message": error_message(CONTRACT, status), "data": None} | more
    return Reply(status, (), orjson.dumps(body))


@dataclass
class Server:
    """A server that follows the contract, unless it is set to accept records that it should refuse."""

    keeps_good_records: bool = False
    users: set[str] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    accepted: list[Request] = field(default_factory=list)
    schemas: dict[str, PushSchema] = field(default_factory=lambda: SCHEMAS)

    async def send(self, request: Request) -> Reply:
        self.requests.append(request)
        if request.operation == MADE.the("persona_users").id:
            return envelope(200, data={"ids": sorted(self.users)})
        operation = MADE.operation(request.operation)
        try:
            self.judge(operation, request)
        except BadRequest as refusal:
            errors = {violation.pointer: str(violation) for violation in refusal.violations}
            return envelope(400, errors=errors)
        self.accepted.append(request)
        return envelope(201)

    async def attempt(self, request: Request) -> Exchange:
        return Exchange(request, await self.send(request))

    async def poll(self, request: Request, _: Callable[[Reply], bool]) -> Reply:
        return await self.send(request)

    async def at_last(self, _: float = 0.0) -> None:
        pass

    def judge(self, operation: Operation, request: Request) -> None:
        assert operation.body is not None
        media_type = dict(request.headers).get("Content-Type", "").partition(";")[0].lower()
        if media_type != operation.body.media_type:
            raise BadRequest(())
        try:
            self.schemas[operation.id].records(request.body or b"")
        except BadRequest:
            if self.keeps_good_records:
                self.store(operation, request)
            raise
        self.store(operation, request)

    def store(self, operation: Operation, request: Request) -> None:
        schema = RecordSchema(CONTRACT, MADE.record_of(operation))
        self.users |= {row["user_id"] for row in rows_of(request) if schema.is_valid(row) and "user_id" in row}


@dataclass
class Parrot(Server):
    """A server with one reply for everything."""

    reply: Reply = field(default_factory=lambda: envelope(201))

    async def send(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.reply


def rows_of(request: Request) -> list[Any]:
    """Return the records of a push, none where there are none to be found."""
    try:
        body = parse(request.body or b"")
    except BadRequest:
        return []
    lists = [each for each in body.values() if isinstance(each, list)] if isinstance(body, dict) else []
    return [row for row in lists[0] if isinstance(row, dict)] if lists else []


def breaches(cases: Iterable[Case], server: Server) -> dict[str, Breach]:
    async def judged() -> dict[str, Breach]:
        found = {}
        for case in cases:
            with suppress(Unanswered):
                found[case.id] = await case.judge(cast(Talk, server))
        return {case_id: breach for case_id, breach in found.items() if breach}

    return asyncio.run(judged())


def requests_of(case: Case) -> list[Request]:
    server = Server()
    breaches([case], server)
    return server.requests


def fields_of(operation: Operation) -> list[tuple[str, Field]]:
    """Return every field of a push with its dotted name, those of list entries too."""
    found = []
    for each in MADE.record_of(operation).fields:
        found.append((each.name, each))
        if each.item:
            found += [(f"{each.name}.{item.name}", item) for item in CONTRACT.record(each.item).fields]
    return found


def about(operation: Operation) -> str:
    assert operation.body is not None
    return operation.body.collection


FIELDS = [(about(operation), name, each) for operation in MADE.pushes for name, each in fields_of(operation)]


def test_ids_are_unique_and_begin_with_a_requirement() -> None:
    assert [each for each, count in Counter(case.id for case in CASES).items() if count > 1] == []
    known = {requirement.id for requirement in registry().requirement}
    for case in CASES:
        assert re.fullmatch(r"[A-Z]+-[0-9]{3}(\.[a-z0-9_-]+){2,4}", case.id)
        assert case.requirement in known


def test_each_push_has_about_a_hundred_requests() -> None:
    # About a hundred requests test each push.
    assert 70 < sum(case.requests for case in CASES) / len(MADE.pushes) < 150


def test_every_case_tells_what_it_is_about() -> None:
    pushes = {operation.id: about(operation) for operation in MADE.pushes}
    for case in CASES:
        assert case.id.split(".")[1] == pushes[case.operation]
        assert 0 < len(case.title) < 80
        assert case.reach == "append"


@pytest.mark.parametrize(("collection", "name", "each"), FIELDS, ids=[f"{each[0]}.{each[1]}" for each in FIELDS])
def test_every_field_is_left_out_and_given_null_and_other_types(collection: str, name: str, each: Field) -> None:
    place = f"{collection}.{name}"
    requirement, wrong = WRONG_TYPES[each.type]
    assert f"{'TYPE-001' if each.required else 'TYPE-002'}.{place}.absent" in IDS
    assert f"{requirement if each.required else 'TYPE-011'}.{place}.null" in IDS
    assert {f"{requirement}.{place}.{value}" for value in wrong} <= IDS


@pytest.mark.parametrize(("collection", "name", "each"), FIELDS, ids=[f"{each[0]}.{each[1]}" for each in FIELDS])
def test_every_rule_of_a_field_has_its_cases(collection: str, name: str, each: Field) -> None:
    rules = {
        "TYPE-007": each.format,
        "TYPE-008": each.allowed,
        "TYPE-012": each.min_length,
        "TYPE-013": each.exclusive_minimum is not None,
        "TYPE-015": each.type == "int",
        "TS-001": each.type == "Timestamp",
        "TS-003": each.type == "Timestamp",
    }
    for requirement, wanted in rules.items():
        assert bool(wanted) == any(
            case_id.rpartition(".")[0] == f"{requirement}.{collection}.{name}" for case_id in IDS
        )


def test_a_server_that_follows_the_contract_keeps_every_promise() -> None:
    assert breaches(CASES, Server()) == {}


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("count", {"minimum": 1, "maximum": 1}),
        ("count", {"exclusive_minimum": 0, "exclusive_maximum": 2}),
        ("price", {"minimum": 20, "maximum": 30.5}),
        ("price", {"exclusive_minimum": 25.4, "exclusive_maximum": 25.6}),
        ("platform", {"max_length": 5}),
        ("platform", {"allowed": ("Steam", "STEAM")}),
    ],
)
def test_a_server_with_bounds_of_any_kind_keeps_every_promise(name: str, rules: dict[str, Any]) -> None:
    record = CONTRACT.record("Purchase")
    changed = [replace_struct(each, **rules) if each.name == name else each for each in record.fields]
    others = [each for each in CONTRACT.records if each is not record]
    contract = replace_struct(CONTRACT, records=(replace_struct(record, fields=tuple(changed)), *others))
    made = RequestFactory(contract, PREFIX)
    server = Server(schemas={each.id: PushSchema(contract, each) for each in made.pushes})
    assert breaches(fields.cases(made), server) == {}


def test_a_case_sends_what_it_says() -> None:
    for case in CASES:
        sent = requests_of(case)
        assert len(sent) == case.requests <= case.limit
        assert sent[0].operation == case.operation


def test_every_case_fails_a_server_that_does_not_listen() -> None:
    pushed = {case.id: requests_of(case)[0] for case in CASES}
    everyone = set(re.findall(rf"{PREFIX}[a-z0-9-]+", "".join(str(request.body) for request in pushed.values())))
    yes = breaches(CASES, Parrot(reply=envelope(201, data={"ids": sorted(everyone)})))
    no = breaches(CASES, Parrot(reply=replace(envelope(418), status=418)))
    # Any reply satisfies these; their judge only needs a reply.
    left = {case.id for case in CASES if case.requirement != "HTTP-002"}
    assert yes.keys() | no.keys() == left


def test_no_request_is_judged_both_ways() -> None:
    """What one case expects to be accepted, no other expects to be refused."""
    cases = [case for case in CASES if case.requests == 1 and case.requirement != "HTTP-002"]
    refusing = breaches(cases, Parrot()).keys()
    accepted = {requests_of(case)[0] for case in cases if case.id not in refusing}
    assert accepted.isdisjoint(requests_of(case)[0] for case in cases if case.id in refusing)


def is_of_a_field(case: Case) -> bool:
    return case.requirement.partition("-")[0] in ("TYPE", "TS")


def test_a_refused_record_has_one_fault_and_it_is_in_the_named_field() -> None:
    refusing = breaches(filter(is_of_a_field, CASES), Parrot()).keys()
    assert len(refusing) > 300
    for case in (each for each in CASES if each.id in refusing):
        with pytest.raises(BadRequest) as refusal:
            SCHEMAS[case.operation].records(requests_of(case)[0].body or b"")
        (violation,) = refusal.value.violations
        if violation.rule != "json":
            assert re.sub(r"\[\d+\]", "", violation.name) == ".".join(case.id.split(".")[2:-1])


def limit_cases(requirement: str) -> list[Case]:
    return [case for case in CASES if case.requirement == requirement]


def test_the_limit_is_tried_with_valid_records_on_both_sides() -> None:
    sizes = {requirement: Counter[int]() for requirement in ("LIM-001", "LIM-002", "LIM-003", "LIM-005")}
    for requirement, counts in sizes.items():
        for case in limit_cases(requirement):
            rows = rows_of(requests_of(case)[0])
            schema = RecordSchema(CONTRACT, MADE.record_of(MADE.operation(case.operation)))
            assert all(map(schema.is_valid, rows))
            # A server may have its own view of records that are the same.
            assert len({orjson.dumps(row) for row in rows}) == len(rows)
            counts[len(rows)] += 1
    assert CONTRACT.max_records == 1000
    each = len(MADE.pushes)
    assert sizes == {
        "LIM-001": {1000: each},
        "LIM-002": {1: each, 2: each, 999: each},
        "LIM-003": {1001: each},
        "LIM-005": {0: each},
    }


def test_a_server_that_keeps_the_good_records_of_a_refused_push_is_found_out() -> None:
    found = breaches(CASES, Server(keeps_good_records=True))
    with_users = {about(operation) for operation in MADE.pushes if MADE.record_of(operation).field_of("user")}
    assert found.keys() == {f"ATOM-002.{each}.neighbours" for each in with_users} | {
        f"LIM-004.{each}.one-over" for each in with_users
    }


def test_what_a_run_leaves_behind_is_few_users_and_items_told_by_their_end() -> None:
    server = Server()
    breaches(CASES, server)
    accepted = "".join((request.body or b"").decode() for request in server.accepted)
    ids = set(re.findall(rf"{PREFIX}[^\"]*", accepted))
    others = {each for each in ids if not each.endswith(("-item", "-witness"))}
    assert others == {MADE.id("u"), MADE.id("u-friend")}
    assert all(re.fullmatch(rf"{PREFIX}[a-z0-9-]+", each) for each in ids)
    assert server.users <= ids


def test_nothing_odd_is_tried_where_the_id_of_a_user_stands() -> None:
    """A server that takes it has it in its list of users, where no other case could read past it."""
    for case in CASES:
        if case.requirement in ("TYPE-010", "BODY-003", "HTTP-002"):
            valid = rows_of(requests_of(case)[0])
            assert all(row["user_id"] == MADE.id("u") for row in valid if "user_id" in row)
            assert case.id.split(".")[2] not in ("user_id", "target_user_id")


def test_the_same_seed_makes_the_same_requests_but_for_the_prefix() -> None:
    def sent(prefix: str) -> list[tuple[str, Request]]:
        spellings = [prefix.encode(), prefix.encode("utf-16-le")]
        return [
            (case.id, replace(request, body=without(request.body or b"", spellings)))
            for case in cases_of(made_with(prefix))
            for request in requests_of(case)
        ]

    assert sent(PREFIX) == sent("tsc-89abcdef-")


def without(body: bytes, parts: list[bytes]) -> bytes:
    for part in parts:
        body = body.replace(part, b"")
    return body


def test_without_a_limit_none_is_tried() -> None:
    unlimited = msgspec.structs.replace(CONTRACT, max_records=None)
    assert {case.requirement for case in limits.cases(RequestFactory(unlimited, PREFIX))} == {"LIM-002", "LIM-005"}
