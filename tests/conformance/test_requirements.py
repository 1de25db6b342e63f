"""The registry of requirements: every promise of the reference is covered, by cases that exist."""

import re

from traits_sandbox import resources
from traits_sandbox.conformance.catalogue.every_case import catalogue
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.judging.requirements import AREAS, passages, registry
from traits_sandbox.contract.load import editions, load

# Judged on every exchange of a run rather than by cases of their own.
OBSERVED = {"AUTH-010", "ENV-001", "ENV-002", "ENV-005", "ENV-006", "ENV-008", "HTTP-002"}


def made() -> RequestFactory:
    return RequestFactory(load(editions()[-1]), "tsc-test-")


def present() -> dict[str, str]:
    return passages((resources.schemas() / editions()[-1] / "reference.md").read_text(encoding="utf-8"))


def test_ids_are_unique_and_belong_to_an_area() -> None:
    ids = [each.id for each in registry().requirement]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Z]+-\d{3}", each) and each.partition("-")[0] in AREAS for each in ids)


def test_no_passage_has_changed_since_its_requirements_were_written() -> None:
    now = present()
    stale = {
        f"{each.id}: {heading}": now.get(heading, "no such heading")
        for each in registry().requirement
        for heading, digest in each.passages.items()
        if now.get(heading) != digest
    }
    assert stale == {}, "read these passages again; the digests that stand here now are the new ones"


def test_every_heading_of_the_reference_is_promised_or_said_to_be_silent() -> None:
    promised = {heading for each in registry().requirement for heading in each.passages}
    silent = set(registry().silent)
    # The contract generates the cases of these, so an operation, a record or a folder that is added needs no entry.
    contract = load(editions()[-1])
    generated = {each.title for each in contract.operations} | {each.title for each in contract.categories}
    generated |= {each.heading for each in contract.records}
    assert set(present()) - generated <= promised | silent <= set(present())
    assert not promised & silent


def test_what_the_document_says_names_the_passage_where_it_does() -> None:
    for each in registry().requirement:
        if each.basis in ("document", "example"):
            assert each.passages, each.id
        if each.level == "MUST":
            assert each.basis in ("document", "example"), each.id


def test_every_requirement_has_cases_and_every_case_a_requirement() -> None:
    known = {each.id for each in registry().requirement}
    tried = {case.requirement for case in catalogue(made())}
    assert tried <= known
    assert known - tried <= OBSERVED


def test_every_cell_of_the_field_tables_has_a_case() -> None:
    materials = made()
    ids = [case.id for case in catalogue(materials)]
    for operation in materials.pushes:
        record = materials.record_of(operation)
        for field in record.fields:
            named = [each for each in ids if f".{operation.body.collection}.{field.name}" in each]  # type: ignore[union-attr]
            presence = "TYPE-001" if field.required else "TYPE-002"
            wanted = {"string": "TYPE-003", "int": "TYPE-004", "float": "TYPE-005", "list": "TYPE-006"}
            types = wanted.get(field.type, "TS-002")
            assert any(each.startswith(presence) for each in named), (record.heading, field.name, presence)
            assert any(each.startswith(types) for each in named), (record.heading, field.name, types)


def test_the_same_seed_makes_the_same_cases() -> None:
    first, second = ([(case.id, case.requests) for case in catalogue(made())] for _ in range(2))
    assert first == second
    assert len({each for each, _ in first}) == len(first)
