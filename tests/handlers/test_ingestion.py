import pytest

from tests.handlers.emulated import Emulated, emulated
from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.places import on_line
from traits_sandbox.errors import BadRequest
from traits_sandbox.handlers.intake import BATCH_SIZE, Arrival, Intake, RecordIntake

FRIENDS = {"user_id": "u1", "target_user_id": "u2", "connection": "linked", "interaction": "friend"}
ARRIVAL = Arrival(at=1.5, request_id="request-1")


@pytest.fixture
def intake(contract: Contract) -> RecordIntake:
    return Intake(contract).of("SocialDynamics")


def test_rows_are_split_into_good_ones_and_violations(intake: RecordIntake) -> None:
    good, violations = intake.accept([FRIENDS, {**FRIENDS, "interaction": "foe"}, {}], lambda index: on_line(index + 1))
    assert good == [FRIENDS]
    assert [violation.where for violation in violations[:1]] == ["line 2: interaction"]
    assert str(violations[0]) == 'line 2: interaction: must be one of friend, party, got "foe"'
    assert {violation.line for violation in violations[1:]} == {3}
    assert {violation.pointer for violation in violations} == {""}


def test_an_intake_is_made_once(contract: Contract) -> None:
    intake = Intake(contract)
    assert intake.of("Action") is intake.of("Action")
    with pytest.raises(KeyError):
        intake.of("Nothing")


def test_many_records_make_batches_in_their_order(intake: RecordIntake) -> None:
    rows = [{**FRIENDS, "user_id": str(number)} for number in range(2 * BATCH_SIZE + 1)]
    batches = intake.batches(rows, ARRIVAL)
    assert [batch.count for batch in batches] == [BATCH_SIZE, BATCH_SIZE, 1]
    assert [user for batch in batches for user in batch.columns["user_id"]] == [row["user_id"] for row in rows]
    assert {(batch.kind, batch.received_at, batch.request_id) for batch in batches} == {
        ("social_dynamics", 1.5, "request-1")
    }
    assert intake.batches([], ARRIVAL) == []


@pytest.mark.parametrize("spelling", ["unlinked", "unllinked"])
def test_a_documented_spelling_is_stored_in_its_standard_form(api: Emulated, spelling: str) -> None:
    reply = api.post("push_social_dynamics", {"social_dynamics": [FRIENDS, {**FRIENDS, "connection": spelling}]})
    assert (reply.records, reply.count) == (2, 2)
    assert [each["connection"] for each in api.stored("social_dynamics")] == ["linked", "unlinked"]


def test_a_push_is_stored_unchanged(api: Emulated) -> None:
    login = {"user_id": "u1", "level": 3, "platfrom": "Steam"}
    reply = api.post("push_logins", {"users": [login]}, at=5.25)
    assert [(field.name, field.nearest) for field in reply.unknown] == [("platfrom", "platform")]
    assert api.stored("login") == [login]


def test_one_bad_record_refuses_its_whole_push(api: Emulated) -> None:
    with pytest.raises(BadRequest) as error:
        api.post("push_level_ups", {"level_ups": [{"user_id": "u1", "level": 1}, {"user_id": "u2", "level": "1"}]})
    assert [violation.where for violation in error.value.violations] == ["level_ups[1].level"]
    assert (api.stored("level_up"), api.users()) == ([], set())


def test_an_item_pushed_again_replaces_the_earlier_one(api: Emulated) -> None:
    axe = {"item_id": "axe", "price": 5, "currency": "GO", "name": "Axe"}
    api.post("push_items", {"items": [axe, {**axe, "price": 6}]})
    api.post("push_items", {"items": [{**axe, "item_id": "bow"}]})
    assert [(each["item_id"], each["price"]) for each in api.stored("item")] == [("axe", 6), ("bow", 5)]


def test_dashboards_are_separate_worlds(contract: Contract) -> None:
    api = emulated(contract)
    api.post("push_logins", {"users": [{"user_id": "u1"}]}, dashboard="other")
    assert (api.users(), api.users("other"), api.stored("login")) == (set(), {"u1"}, [])
    assert api.stored("login", "other") == [{"user_id": "u1"}]
