"""Every event model that PlayFab publishes, with every field filled, over the real route of the webhook."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.playfab.models import DROPPED_NAMES, MODELS, SECRET, Model, is_dropped, kept_texts
from tests.wire.served import Served, serving

PLAYER = "A1B2C3D4"
MOMENT = {"user_id": PLAYER, "timestamp": "2020-09-15 10:20:30"}
ACKNOWLEDGED = {"code": 200, "message": "", "data": None}

# The models that become something else than an action, with their record. The player of the login was added to the
# title by an event before it.
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "player_logged_in": ("login", {"country": "AF", "platform": "Unknown", "register_date": "2020-09-15"}),
    "player_realmoney_purchase": ("purchase", {"item_id": "text of ", "count": 1, "price": 0.07}),
    "player_vc_item_purchased": (
        "virtual_purchase",
        {"item_id": "text of ItemId", "currency": "text of CurrencyCode", "count": 7, "virtual_price": 49},
    ),
}
OTHERS["character_vc_item_purchased"] = OTHERS["player_vc_item_purchased"]

ENVELOPE = ("EventName", "EventNamespace", "EntityType", "EntityId", "EventId", "Timestamp", "TitleId")


def event(model: Model, entity_type: str) -> dict[str, Any]:
    """Return an event of a model with every field filled."""
    content = MODELS.filled(model)
    player = {"PlayerId": PLAYER} if "PlayerId" in content else {}
    return {
        "EventName": model.name,
        "EventNamespace": "com.playfab",
        "EntityType": entity_type,
        "EntityId": PLAYER if entity_type == "player" else "E1",
        "EventId": f"{entity_type} {model.name}",
        "Timestamp": "2020-09-15T10:20:30.7654321Z",
        **content,
        **player,
    }


def action(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the action that an event becomes, its params as a map."""
    content = {name: value for name, value in sent.items() if name not in ENVELOPE}
    name = sent["EventName"]
    params = dict(kept_texts(content))
    about = MOMENT | {"action_id": f"com.playfab.{name}", "action_name": name}
    return about | {"action_params": params} if params else about


def stored_as(sent: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the kind and the values of the record that an event of a player becomes."""
    kind, values = OTHERS.get(sent["EventName"], ("action", {}))
    return (kind, action(sent)) if kind == "action" else (kind, MOMENT | values)


@dataclass(frozen=True)
class Delivered:
    """All models, each in a delivery of its own: what was sent, the replies, and all that the sandbox shows of them."""

    sent: dict[str, dict[str, Any]]
    replies: dict[str, tuple[int, Any]]
    requests: dict[str, dict[str, Any]]
    records: dict[str, list[tuple[str, dict[str, Any]]]]
    shown: str


def deliver(served: Served, dashboard: str, entity_types: dict[str, str]) -> Delivered:
    """Deliver every model about an entity of the given type, to a dashboard of its own."""
    sent = {name: event(model, entity_types[name]) for name, model in MODELS.events.items()}
    replies, ids, records = {}, {}, {}
    with served.client(f"{served.key}/{dashboard}") as client:
        for name, each in sent.items():
            reply = client.post("/v1/playfab", json=each)
            replies[name], ids[reply.headers["sandbox-request-id"]] = (reply.status_code, reply.json()), name
            records[name] = list[tuple[str, dict[str, Any]]]()
        shown = [client.get("/_sandbox/requests?limit=500")]
        for kind in ("login", "action", "purchase", "virtual_purchase", "level_up", "item", "social_dynamics"):
            shown.append(client.get(f"/_sandbox/records/{kind}?limit=500"))
            for found in shown[-1].json()["records"]:
                records[ids[found["request_id"]]].append((kind, as_map(found["record"])))
    requests = {ids[each["id"]]: each for each in shown[0].json()["requests"]}
    return Delivered(sent, replies, requests, records, "".join([*(each.text for each in shown), served.log]))


def as_map(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its params as a map."""
    params = record.get("action_params")
    return record | {"action_params": {each["key"]: each["value"] for each in params}} if params else record


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("playfab")) as running:
        yield running


@pytest.fixture(scope="module")
def of_players(served: Served) -> Delivered:
    return deliver(served, "players", dict.fromkeys(MODELS.events, "player"))


@pytest.fixture(scope="module")
def of_groups(served: Served) -> Delivered:
    return deliver(served, "groups", {name: model.group for name, model in MODELS.events.items()})


def test_all_models_are_there_and_have_what_must_be_dropped() -> None:
    fields = [*(model.fields for model in MODELS.events.values()), *MODELS.objects.values()]
    dropped = {name for each in fields for name in each if is_dropped(name)}
    assert (len(MODELS.events), len(MODELS.objects), len(MODELS.enums)) == (136, 46, 31)
    assert dropped >= {"NewEmailAddress", "ServerIPV6Address", "InitiatedFromIPAddress", "DeviceToken", *DROPPED_NAMES}


@pytest.mark.parametrize("name", MODELS.events)
def test_each_model_about_a_player_becomes_its_record(of_players: Delivered, name: str) -> None:
    assert of_players.replies[name] == (200, ACKNOWLEDGED)
    assert of_players.records[name] == [stored_as(of_players.sent[name])]


@pytest.mark.parametrize("name", MODELS.events)
def test_each_model_about_its_own_entity_becomes_a_record_if_it_names_a_player(of_groups: Delivered, name: str) -> None:
    sent = of_groups.sent[name]
    (reported,) = of_groups.requests[name]["events"]
    assert of_groups.replies[name] == (200, ACKNOWLEDGED)
    if sent["EntityType"] == "player" or "PlayerId" in sent:
        assert (reported["result"], of_groups.records[name]) == ("stored", [stored_as(sent)])
    else:
        assert (reported["result"], reported["reason"]) == ("ignored", "not_about_a_player")
        assert of_groups.records[name] == []


def test_addresses_and_secrets_are_nowhere(of_players: Delivered, of_groups: Delivered) -> None:
    assert json.dumps(of_players.sent).count(SECRET) > 50
    assert (SECRET in of_players.shown, SECRET in of_groups.shown) == (False, False)


def test_the_journal_shows_the_rest_of_every_event(of_players: Delivered) -> None:
    shown = {name: dict(kept_texts(each["body"])) for name, each in of_players.requests.items()}
    assert shown == {name: dict(kept_texts(sent)) for name, sent in of_players.sent.items()}


def test_names_of_email_templates_are_kept(of_players: Delivered) -> None:
    kept = {name: dict(kept_texts(each["body"])) for name, each in of_players.requests.items()}
    assert kept["auth_token_validated"]["EmailTemplateId"] == "text of EmailTemplateId"
    assert any("EmailTemplateName" in each for each in kept.values())


def login(country: Any, platform: Any, event_id: str) -> dict[str, Any]:
    model = MODELS.events["player_logged_in"]
    location = {"CountryCode": country, "City": "Lund"}
    return event(model, "player") | {"EventId": event_id, "Location": location, "Platform": platform}


@pytest.mark.parametrize("enumeration", ["CountryCode", "LoginIdentityProvider"])
def test_a_login_with_any_value_of_an_enumeration_is_stored(served: Served, enumeration: str) -> None:
    values = MODELS.enums[enumeration]
    is_country = enumeration == "CountryCode"
    events = [
        login(value if is_country else "SE", "Steam" if is_country else value, str(at))
        for at, value in enumerate(values)
    ]
    with served.client(f"{served.key}/{enumeration}") as client:
        client.post("/v1/playfab", json=events)
        found = [each["record"] for each in client.get("/_sandbox/records/login?limit=500").json()["records"]]
        (request,) = client.get("/_sandbox/requests").json()["requests"]
    field = "country" if is_country else "platform"
    fitting = [None if is_country and value == "Unknown" else value for value in values]
    assert [each.get(field) for each in found] == fitting
    assert [bool(each["left_out"]) for each in request["events"]] == [value is None for value in fitting]
    assert request["violations"] == []
