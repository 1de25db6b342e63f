"""The kill matrix: every broken server is found, by what is named for it; and nothing in the registry is idle."""

import zlib
from fnmatch import fnmatchcase

import pytest

from tests.conformance.kill_matrix import found_by, golden, judged, killers
from tests.conformance.mutants.population import EQUIVALENT, broken, equivalent, population
from tests.tiers import Tier, part
from traits_sandbox.conformance.requirement import registry

MUTANTS = {mutant.name: mutant for mutant in broken()}

# Of so many mutants one is judged by the whole catalogue in every run of the tests, the others with --full.
ONE_IN = 40
SAMPLE = sorted(name for name in MUTANTS if zlib.crc32(name.encode()) % ONE_IN == 0)
OTHERS = sorted(MUTANTS.keys() - set(SAMPLE))


def shown_by(name: str) -> list[str]:
    """Return the case that finds a mutant alone; nothing, which stands for all cases, where none does."""
    return list(filter(None, [golden().broken[name].shown_by]))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_server_is_found_by_a_requirement_named_for_it(name: str) -> None:
    report = judged(MUTANTS[name], *shown_by(name))
    assert set(killers(report)) & set(MUTANTS[name].kills)
    assert report.exit_code == 1


@pytest.mark.parametrize("name", SAMPLE)
def test_the_whole_catalogue_finds_what_the_matrix_says(name: str) -> None:
    assert killers(judged(MUTANTS[name])) == found_by(name)


@part("kit", Tier.FULL)
@pytest.mark.parametrize("name", OTHERS)
def test_the_whole_catalogue_finds_what_the_matrix_says_of_the_others(name: str) -> None:
    assert killers(judged(MUTANTS[name])) == found_by(name)


@pytest.mark.parametrize("requirement", [each.id for each in registry().requirement])
def test_every_requirement_finds_a_broken_server_that_is_named_for_it(requirement: str) -> None:
    assert [
        name
        for name, killed in golden().broken.items()
        if requirement in killed.named and requirement in killed.killed_by
    ]


def test_the_matrix_is_of_all_mutants() -> None:
    assert {name: (each.does, each.named) for name, each in golden().broken.items()} == {
        name: (each.does, each.kills) for name, each in MUTANTS.items()
    }


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


def not_broken() -> list[str]:
    return [name for name in population() if equivalent(name)]


@pytest.mark.parametrize("name", not_broken())
def test_an_equivalent_server_is_not_found(name: str) -> None:
    assert killers(judged(population()[name])) == ()
