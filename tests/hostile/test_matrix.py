"""Which pairs of a hostile input and a route run at each change, and which in the complete run."""

from collections.abc import Callable, Iterator

import pytest

from tests.hostile.cases import ROUTES, Case, pairs
from tests.hostile.csv_cases import csv_cases
from tests.hostile.form_cases import form_cases
from tests.hostile.framing_cases import framing_cases
from tests.hostile.gzip_cases import gzip_cases
from tests.hostile.head_cases import head_cases
from tests.hostile.json_cases import json_cases
from tests.hostile.messages import OPERATIONS, route
from tests.hostile.path_cases import path_cases
from tests.tiers import Tier

Table = Callable[[], Iterator[Case]]
TABLES = (csv_cases, form_cases, framing_cases, gzip_cases, head_cases, json_cases, path_cases)
# Cases may be added. Nothing else would notice that some are gone.
CASES = 569

every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)


def run_in(table: Table, *tiers: Tier) -> list[tuple[str, str]]:
    """Return the cases and operations of a table that run in these tiers."""
    return [(case.id, operation.id) for case, operation, tier in pairs(table()) if tier in tiers]


@every_table
def test_each_change_tries_every_input_once_on_each_route(table: Table) -> None:
    tried = sorted((case, route(OPERATIONS[operation])) for case, operation in run_in(table, Tier.TEST))
    assert tried == sorted((case.id, name) for case in table() for name in ROUTES)


@every_table
def test_at_each_change_every_route_gets_inputs_of_every_table(table: Table) -> None:
    assert {operation for _, operation in run_in(table, Tier.TEST)} == OPERATIONS.keys()


@every_table
def test_the_complete_run_tries_every_input_on_every_route(table: Table) -> None:
    tried = sorted(run_in(table, *Tier))
    assert tried == sorted((case.id, operation) for case in table() for operation in OPERATIONS)


def test_there_are_no_fewer_pairs_than_there_were() -> None:
    assert sum(len(set(run_in(table, *Tier))) for table in TABLES) >= CASES * len(OPERATIONS)
