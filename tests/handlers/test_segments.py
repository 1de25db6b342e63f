import pytest

from tests.handlers.emulated import Emulated, emulated
from traits_sandbox.contract.model import Contract
from traits_sandbox.errors import BadRequest, NotFound
from traits_sandbox.handlers.call import HandlerResult
from traits_sandbox.handlers.traits import weighted_mean

OPERATIONS = ["get_persona_user_ids", "get_persona_traits"]
USERS = [f"user-{number}" for number in range(40)]


def read(
    api: Emulated, operation: str, persona: str, segment: str = "default", dashboard: str = "default"
) -> HandlerResult:
    return api.send(operation, path={"segment_id": segment, "persona": persona}, dashboard=dashboard)


def ids(api: Emulated, persona: str, dashboard: str = "default") -> list[str]:
    found: list[str] = read(api, "get_persona_user_ids", persona, dashboard=dashboard).data["ids"]
    return found


@pytest.fixture
def peopled(api: Emulated) -> Emulated:
    api.post("push_logins", {"users": [{"user_id": user} for user in USERS]})
    return api


def test_personas_part_the_users(peopled: Emulated) -> None:
    parts = [ids(peopled, str(persona)) for persona in range(1, 5)]
    assert all(parts)
    assert sorted(user for part in parts for user in part) == sorted(USERS) == ids(peopled, "all")
    assert all(part == sorted(part) for part in parts)


def test_a_user_exists_once_a_record_is_about_them(api: Emulated) -> None:
    friends = {"user_id": "u1", "target_user_id": "u2", "connection": "linked", "interaction": "friend"}
    api.post("push_social_dynamics", {"social_dynamics": [friends]})
    api.upload("upload_survey_data", "user_id,age", "u3,7")
    assert ids(api, "all") == ["u1", "u3"]


def test_each_dashboard_has_its_own_users(peopled: Emulated) -> None:
    assert ids(peopled, "all", dashboard="other") == []


def test_a_user_of_any_text_is_listed_exactly(api: Emulated) -> None:
    odd = ["a/b", " ", "é", "e\u0301", "\0", "%41"]
    api.post("push_logins", {"users": [{"user_id": user} for user in odd]})
    assert ids(api, "all") == sorted(odd)


def test_traits_do_not_depend_on_users(peopled: Emulated, api: Emulated) -> None:
    before = read(peopled, "get_persona_traits", "2").data
    peopled.post("push_logins", {"users": [{"user_id": "one more"}]})
    assert read(peopled, "get_persona_traits", "2").data == before
    assert read(api, "get_persona_traits", "2", dashboard="empty").data == before


def test_the_traits_of_all_are_the_mean_weighted_by_size(peopled: Emulated) -> None:
    parts = [read(peopled, "get_persona_traits", str(persona)).data for persona in range(1, 5)]
    sizes = [len(ids(peopled, str(persona))) for persona in range(1, 5)]
    assert len(set(sizes)) > 1
    assert read(peopled, "get_persona_traits", "all").data == weighted_mean(parts, sizes)
    assert read(peopled, "get_persona_traits", "all", dashboard="empty").data == weighted_mean(parts, [1, 1, 1, 1])


def test_another_seed_is_another_world(contract: Contract) -> None:
    one, other = (read(emulated(contract, seed=seed), "get_persona_traits", "1").data for seed in (1, 2))
    assert one != other


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("persona", ["0", "-1", "1.0", "", "ALL", "first", "²", "١", " 1", "+1"])
def test_a_persona_that_is_no_index_from_one_is_a_bad_request(api: Emulated, operation: str, persona: str) -> None:
    with pytest.raises(BadRequest) as error:
        read(api, operation, persona)
    assert [violation.field for violation in error.value.violations] == ["persona"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("persona", "segment"), [("5", "default"), ("9" * 30, "default"), ("1", "Default"), ("all", "whales"), ("1", "")]
)
def test_an_index_past_the_last_and_an_unknown_segment_are_not_found(
    api: Emulated, operation: str, persona: str, segment: str
) -> None:
    with pytest.raises(NotFound):
        read(api, operation, persona, segment)


def test_the_number_of_personas_is_a_setting(contract: Contract) -> None:
    api = emulated(contract, personas=1)
    api.post("push_logins", {"users": [{"user_id": "u1"}]})
    assert ids(api, "1") == ["u1"]
    assert read(api, "get_persona_traits", "1").data == read(api, "get_persona_traits", "all").data
    with pytest.raises(NotFound):
        ids(api, "2")
