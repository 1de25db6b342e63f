"""`--lenient`: every reading beyond the contract is accepted, stored as the contract has it, and logged."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.wire.served import Served, serving

EVERYONE = "/v1/segments/default/personas/all/users"
LEVEL_UP = {"user_id": "1001", "level": 1}
ACTION = {"user_id": "1001", "action_id": "2002", "action_name": "buy"}

# What is sent where, and what the log says of it.
READINGS: list[tuple[str, dict[str, Any], str]] = [
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": "2019-01-01T15:04:05Z"}]}, '"2019-01-01 15:04:05"'),
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": "2019-01-01T15:04:05.25+02:00"}]}, '"2019-01-01 13:04:05"'),
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": "2019-01-01"}]}, '"2019-01-01 00:00:00"'),
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": 1546355045}]}, '1546355045 read as "2019-01-01 15:04:05"'),
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": 1546355045000}]}, '"2019-01-01 15:04:05"'),
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": 1546355045.5}]}, '"2019-01-01 15:04:05"'),
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": None}]}, "null read as absent"),
    ("level-ups", {"level_ups": [LEVEL_UP | {"user_id": 1001}]}, 'level_ups[0].user_id: lenient: 1001 read as "1001"'),
    (
        "level-ups",
        {"level_ups": [{"player_id": "1001", "level": 1}]},
        "level_ups[0].player_id: lenient: read as user_id",
    ),
    ("logins", {"players": [{"player_id": "1001"}]}, "players: lenient: read as users"),
    ("actions", {"actions": [ACTION | {"action_params": {"a": "1", "b": 2}}]}, "an object read as a list"),
    ("items", {"items": [{"item_id": 7, "price": 1, "currency": "USD", "name": "Axe", "type": None}]}, '7 read as "7"'),
]
HOPELESS: list[tuple[str, Any]] = [
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": "yesterday"}]}),
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": 1e300}]}),
    ("level-ups", {"level_ups": [LEVEL_UP | {"timestamp": True}]}),
    ("level-ups", {"level_ups": [LEVEL_UP | {"user_id": True}]}),
    ("level-ups", {"level_ups": [LEVEL_UP | {"user_id": None}]}),
    ("level-ups", {"level_ups": [LEVEL_UP | {"level": "1"}]}),
    ("level-ups", [LEVEL_UP]),
    ("actions", {"actions": [ACTION | {"action_params": "a=1"}]}),
]
ROUTES = [
    ("GET", "/v1/segments/default/personas/all/users"),
    ("GET", "/v1/segments/default/personas/all/traits"),
    ("GET", "/v1/segments/default/personas/all/user-ids"),
    ("POST", "/v1/segments/default/personas/1/user-ids"),
    ("DELETE", "/v1/user-data"),
    ("DELETE", "/v1/userData"),
    ("POST", "/v1/userData"),
]


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("lenient"), "--lenient") as served:
        yield served


@pytest.mark.parametrize(("path", "body", "logged"), READINGS)
def test_a_reading_is_refused_by_default_and_accepted_and_logged_when_lenient(
    sandbox: Served, lenient: Served, path: str, body: dict[str, Any], logged: str
) -> None:
    with sandbox.client() as strict, lenient.client() as forgiving:
        assert strict.post(f"/v1/{path}", json=body).status_code == 400
        reply = forgiving.post(f"/v1/{path}", json=body)
    assert reply.status_code == 201
    assert logged in lenient.log_of(reply)


@pytest.mark.parametrize(("path", "body"), HOPELESS)
def test_what_has_no_sensible_reading_stays_refused(lenient: Served, path: str, body: Any) -> None:
    with lenient.client() as client:
        assert client.post(f"/v1/{path}", json=body).status_code == 400


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_route_of_another_edition_is_answered_and_logged_when_lenient(
    sandbox: Served, lenient: Served, method: str, path: str
) -> None:
    body = {"id": "nobody"}
    with sandbox.client() as strict, lenient.client() as forgiving:
        assert strict.request(method, path, json=body).status_code == 404
        reply = forgiving.request(method, path, json=body)
    assert reply.status_code == 200
    assert "lenient: read as POST /v1/" in lenient.log_of(reply)


def test_what_was_read_otherwise_is_stored_as_the_contract_has_it(lenient: Served) -> None:
    with lenient.client(f"{lenient.key}/stored") as client:
        client.post("/v1/logins", json={"players": [{"player_id": 1001}]})
        assert client.post(EVERYONE).json()["data"] == {"ids": ["1001"]}
        client.request("DELETE", "/v1/userData", json={"id": 1001})
        assert client.post(EVERYONE).json()["data"] == {"ids": []}


def test_a_request_that_keeps_the_contract_is_not_remarked_on(lenient: Served) -> None:
    with lenient.client() as client:
        reply = client.post("/v1/level-ups", json={"level_ups": [LEVEL_UP]})
    assert "lenient" not in lenient.log_of(reply)
