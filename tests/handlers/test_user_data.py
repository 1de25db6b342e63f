from typing import Any

import pytest

from tests.handlers.emulated import Emulated
from traits_sandbox.errors import BadRequest
from traits_sandbox.handlers.call import HandlerResult


def remove(api: Emulated, user: str, dashboard: str = "default") -> HandlerResult:
    return api.post("remove_user_data", {"id": user}, dashboard=dashboard)


def befriend(api: Emulated, user: str, target: str) -> None:
    record = {"user_id": user, "target_user_id": target, "connection": "linked", "interaction": "friend"}
    api.post("push_social_dynamics", {"social_dynamics": [record]})


def log_in(api: Emulated, *users: str, dashboard: str = "default") -> None:
    api.post("push_logins", {"users": [{"user_id": user} for user in users]}, dashboard=dashboard)


@pytest.fixture
def peopled(api: Emulated) -> Emulated:
    log_in(api, "u1", "u2", "u1")
    api.post("push_purchases", {"purchases": [{"user_id": "u1", "item_id": "axe", "count": 1, "price": 2.5}]})
    api.upload("upload_kpis", "user_id,kpi_id,value", "u1,ltv,1", "u2,ltv,2")
    api.upload("upload_survey_data", "user_id,age", "u1,30")
    befriend(api, "u2", "u1")
    return api


def test_a_removed_user_is_absent_from_every_reply(peopled: Emulated) -> None:
    remove(peopled, "u1")
    ids = peopled.send("get_persona_user_ids", path={"segment_id": "default", "persona": "all"}).data
    status = peopled.send("get_assessment_status", query={"id": "u1"}).data
    assert (ids, status) == ({"ids": ["u2"]}, {"completed": False, "completed_at": 0})


def test_a_removed_user_is_absent_from_every_kind_of_record(peopled: Emulated) -> None:
    remove(peopled, "u1")
    assert peopled.stored("login") == [{"user_id": "u2"}]
    assert peopled.stored("kpi") == [{"user_id": "u2", "kpi_id": "ltv", "value": 2}]
    assert [peopled.stored(kind) for kind in ("purchase", "survey", "social_dynamics")] == [[], [], []]


def test_removal_answers_alike_for_known_and_unknown_users_and_again(peopled: Emulated) -> None:
    assert [remove(peopled, user) for user in ("u1", "u1", "nobody")] == [HandlerResult()] * 3


def test_only_new_pushes_restore_a_removed_user(peopled: Emulated) -> None:
    remove(peopled, "u1")
    log_in(peopled, "u1")
    assert (peopled.users(), len(peopled.stored("login")), peopled.stored("survey")) == ({"u1", "u2"}, 2, [])


def test_removal_in_one_dashboard_does_not_change_the_others(peopled: Emulated) -> None:
    log_in(peopled, "u1", dashboard="other")
    remove(peopled, "u1")
    assert peopled.users("other") == {"u1"}


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": 5}, {"id": None}, [], {"user": "u1"}])
def test_a_body_without_an_id_is_a_bad_request(peopled: Emulated, body: Any) -> None:
    with pytest.raises(BadRequest):
        peopled.post("remove_user_data", body)
    assert peopled.users() == {"u1", "u2"}
