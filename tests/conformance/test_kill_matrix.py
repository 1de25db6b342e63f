"""The kill matrix: every broken server is found, by what is named for it; and nothing in the registry is idle."""

from fnmatch import fnmatchcase

import pytest

from tests.conformance.kill_matrix import found_by, golden, judged, killers
from tests.conformance.mutants.facts import contract
from tests.conformance.mutants.generated import fields, operations
from tests.conformance.mutants.mutant import Mutant
from tests.conformance.mutants.population import EQUIVALENT, broken, equivalent, pattern_of, population
from tests.conformance.sampling import first, names_in, one_of_each, parameters, tiers
from tests.tiers import Tier
from traits_sandbox.conformance.judging.requirements import registry

MUTANTS = {mutant.name: mutant for mutant in broken()}


def kind(name: str) -> str:
    """Return the operator of a mutant of the contract, the group of one with a name of its own."""
    group, _, rest = name.partition(".")
    return f"{group}.{rest.rpartition('.')[2]}" if group == "contract" else group


def shown_by(name: str) -> list[str]:
    """Return the case that finds a mutant alone; nothing, which means all cases, where none does or none is known."""
    known = golden().broken.get(name)
    return [known.shown_by] if known and known.shown_by else []


def is_quick(mutant: Mutant) -> bool:
    """Tell whether judging a mutant takes no more than one case, and no waiting for sockets."""
    return mutant.in_process and bool(shown_by(mutant.name))


# One case takes 15 ms, the whole catalogue a second; on sockets, the seconds are real ones.
QUICK = {name for name, mutant in MUTANTS.items() if is_quick(mutant)}
OTHERS = [name for name in MUTANTS if kind(name) not in set(map(kind, QUICK))]

BY_CASE = tiers(MUTANTS, at_each_change=QUICK | one_of_each(OTHERS, kind), proofs=set(MUTANTS))
WHOLE = tiers(MUTANTS, at_each_change=first(QUICK, 5), proofs=one_of_each(MUTANTS, kind) | first(MUTANTS, 15))

NOT_BROKEN = [name for name in population() if equivalent(name)]
SAME = tiers(
    NOT_BROKEN,
    at_each_change=one_of_each([name for name in NOT_BROKEN if population()[name].in_process], equivalent),
    proofs=one_of_each(NOT_BROKEN, pattern_of),
)


@pytest.mark.parametrize("name", parameters(BY_CASE))
def test_a_broken_server_is_found_by_a_requirement_named_for_it(name: str) -> None:
    report = judged(MUTANTS[name], *shown_by(name))
    assert set(killers(report)) & set(MUTANTS[name].kills)
    assert report.exit_code == 1


@pytest.mark.parametrize("name", parameters(WHOLE))
def test_the_whole_catalogue_finds_what_the_matrix_says(name: str) -> None:
    found = killers(judged(MUTANTS[name]))
    # A mutant of a new operation has not been measured yet.
    assert found == found_by(name) if name in golden().broken else set(found) & set(MUTANTS[name].kills)


def test_each_change_judges_a_mutant_of_each_kind_and_the_proofs_do_so_by_the_whole_catalogue() -> None:
    kinds = set(map(kind, MUTANTS))
    assert set(map(kind, names_in(BY_CASE, Tier.TEST))) == kinds
    assert set(map(kind, names_in(WHOLE, Tier.TEST, Tier.PROOFS))) == kinds
    operators = {f"contract.{each.name}" for each in (*fields.OPERATORS, *operations.OPERATORS)}
    assert operators <= kinds
    assert len(kinds - {each for each in kinds if each.startswith("contract.")}) > 30


def test_the_complete_run_judges_every_mutant_by_its_case_and_by_the_whole_catalogue() -> None:
    assert names_in(BY_CASE, *Tier) == names_in(WHOLE, *Tier) == set(MUTANTS)
    assert names_in(SAME, *Tier) == set(population()) - set(MUTANTS)
    assert {equivalent(name) for name in names_in(SAME, Tier.TEST, Tier.PROOFS)} == set(EQUIVALENT.values())


@pytest.mark.parametrize("requirement", [each.id for each in registry().requirement])
def test_every_requirement_finds_a_broken_server_that_is_named_for_it(requirement: str) -> None:
    assert [
        name
        for name, killed in golden().broken.items()
        if requirement in killed.named and requirement in killed.killed_by
    ]


def subject(name: str) -> str:
    """Return what a mutant changes: an operation, record, field (`Item.price`) or error (`errors.400`), or nothing."""
    _, *rest = name.split(".")
    known = {each.id for each in contract().operations} | {f"errors.{each.status}" for each in contract().errors}
    for record in contract().records:
        known |= {record.heading, *(f"{record.heading}.{field.name}" for field in record.fields)}
    return next((each for each in (".".join(rest[:2]), *rest[:1]) if each in known), "")


def test_the_matrix_is_of_all_mutants() -> None:
    measured = {name: (each.does, each.named) for name, each in golden().broken.items()}
    made = {name: (each.does, each.kills) for name, each in MUTANTS.items()}
    write = "measure these with `python -m tests.conformance.kill_matrix --write NAME ...`"
    assert {name for name, entry in measured.items() if made.get(name) != entry} == set(), write
    # Only the mutants of a new operation, record or field may be missing: the other tests judge them by all cases.
    new = [name for name in made if name not in measured]
    old = {"", *map(subject, measured)}
    assert [name for name in new if subject(name) in old] == [], write


def test_every_mutant_of_the_matrix_is_found() -> None:
    assert [name for name, each in golden().broken.items() if not set(each.named) & set(each.killed_by)] == []


def test_the_matrix_names_no_requirement_that_does_not_exist() -> None:
    known = {each.id for each in registry().requirement}
    named = {each for killed in golden().broken.values() for each in (*killed.named, *killed.killed_by)}
    assert named <= known


def test_equivalent_servers_come_with_a_reason() -> None:
    mutants = population()
    assert {name: each.reason for name, each in golden().equivalent.items()} == {
        name: equivalent(name) for name in mutants if equivalent(name)
    }
    assert all(len(reason) > 20 for reason in EQUIVALENT.values())
    assert [pattern for pattern in EQUIVALENT if not any(fnmatchcase(name, pattern) for name in mutants)] == []


@pytest.mark.parametrize("name", parameters(SAME))
def test_an_equivalent_server_is_not_found(name: str) -> None:
    assert killers(judged(population()[name])) == ()
