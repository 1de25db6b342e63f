import asyncio
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.handlers.emulated import DASHBOARD, NOW, Emulated, emulated, sentences
from traits_sandbox.contract.model import Contract, EventRule, Webhook
from traits_sandbox.errors import BadRequest, UsageError
from traits_sandbox.event_results import EventResult
from traits_sandbox.handlers.call import Call, HandlerResult
from traits_sandbox.handlers.playfab.delivery import WEBHOOK_EVENT
from traits_sandbox.handlers.playfab.webhook import MAX_EVENTS
from traits_sandbox.store.memory import MemoryStore
from traits_sandbox.store.protocol import Batch

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "playfab" / "examples.ndjson"
KINDS = ("login", "action", "purchase", "virtual_purchase", "level_up", "item", "social_dynamics")
PLAYER = "A1B2C3D4"
MOMENT = {"user_id": PLAYER, "timestamp": "2020-09-15 10:20:30"}

Event = dict[str, Any]


def event(name: str, event_id: str = "e1", /, **content: Any) -> Event:
    """Return an event in PlayFab's classic form; what is None is absent."""
    envelope = {
        "EventName": name,
        "EventNamespace": "com.playfab",
        "EntityType": "player",
        "EntityId": PLAYER,
        "EventId": event_id,
        "Source": "PlayFab",
        "TitleId": "AB12",
        "Timestamp": "2020-09-15T10:20:30.7654321Z",
    }
    return {key: value for key, value in (envelope | content).items() if value is not None}


def purchase(**content: Any) -> Event:
    usual: Event = {"OrderTotal": 1000, "PurchasedProduct": ["gems"]}
    return event("player_realmoney_purchase", **(usual | content))


def level(**content: Any) -> Event:
    usual: Event = {"StatisticName": "Level", "StatisticValue": 5, "StatisticPreviousValue": 4}
    return event("player_statistic_changed", **(usual | content))


def item_bought(**content: Any) -> Event:
    usual: Event = {"ItemId": "axe", "CurrencyCode": "GO", "Quantity": 3, "UnitPrice": 20}
    return event("player_vc_item_purchased", **(usual | content))


def deliver(api: Emulated, body: Event | list[Any], **parts: Any) -> HandlerResult:
    return api.post("receive_playfab_events", body, **parts)


def records(api: Emulated) -> dict[str, list[Any]]:
    """Return all records of the contract's kinds."""
    return {kind: found for kind in KINDS if (found := api.stored(kind))}


def params(api: Emulated) -> dict[str, str]:
    (action,) = api.stored("action")
    return {param["key"]: param["value"] for param in action.get("action_params", [])}


def test_a_login_keeps_country_and_platform(api: Emulated) -> None:
    deliver(api, event("player_logged_in", Platform="Android", Location={"CountryCode": "SE", "City": "Lund"}))
    assert records(api) == {"login": [{**MOMENT, "country": "SE", "platform": "Android"}]}


@pytest.mark.parametrize("location", [None, "Lund", [], {}, {"CountryCode": None}])
def test_a_login_without_a_country_is_a_login(api: Emulated, location: Any) -> None:
    deliver(api, {**event("player_logged_in"), "Location": location})
    assert records(api) == {"login": [MOMENT]}


COUNTRY = {"Location": {"CountryCode": "SE"}}
UNFIT: list[tuple[Event, Event, list[str]]] = [
    ({"Location": {"CountryCode": "Unknown"}}, {"platform": "Steam"}, ["country"]),
    ({"Location": {"CountryCode": ""}}, {"platform": "Steam"}, ["country"]),
    ({"Location": {"CountryCode": "SWE"}}, {"platform": "Steam"}, ["country"]),
    ({"Location": {"CountryCode": 46}}, {"platform": "Steam"}, ["country"]),
    ({"Location": {"CountryCode": ["SE"]}}, {"platform": "Steam"}, ["country"]),
    ({**COUNTRY, "Platform": 7}, {"country": "SE"}, ["platform"]),
    ({**COUNTRY, "Platform": {"Name": "Steam"}}, {"country": "SE"}, ["platform"]),
    ({"Location": {"CountryCode": False}, "Platform": []}, {}, ["country", "platform"]),
]


@pytest.mark.parametrize(("content", "kept", "left_out"), UNFIT)
def test_an_optional_value_that_does_not_fit_is_left_out_and_noted(
    api: Emulated, content: Event, kept: Event, left_out: list[str]
) -> None:
    reply = deliver(api, event("player_logged_in", **({"Platform": "Steam"} | content)))
    assert (records(api), reply.refused, reply.hint) == ({"login": [MOMENT | kept]}, (), "")
    (report,) = reply.events
    assert (report.result, report.records) == (EventResult.STORED, {"login": 1})
    assert sorted(violation.field for violation in report.left_out) == left_out


def test_an_optional_value_is_left_out_of_every_record_of_an_event(contract: Contract) -> None:
    rule = next(each for each in hook(emulated(contract)).events if each.transform == "products")
    api = emulated(with_rule(contract, msgspec.structs.replace(rule, fields={"platform": "Store"})))
    reply = deliver(api, purchase(PurchasedProduct=["a", "b"], Store=7))
    assert [(each["item_id"], "platform" in each) for each in api.stored("purchase")] == [("a", False), ("b", False)]
    assert [str(violation) for violation in reply.events[0].left_out] == [
        "events[0]: platform: must be a string, got 7"
    ]


def test_a_required_value_that_does_not_fit_refuses_the_record_but_not_for_what_is_left_out(
    contract: Contract,
) -> None:
    paths = {"level": "level", "country": "land", "register_date": "day"}
    rule = EventRule(event="seen", record="User", fields=paths | {"user_id": "EntityId", "clan_id": "clan"})
    api = emulated(with_rule(contract, rule))
    reply = deliver(api, event("seen", level="5", land="Unknown", day="yesterday", clan="", EntityId=7))
    assert sentences(reply) == ["events[0]: user_id: must be a string, got 7"]
    assert sorted(violation.field for violation in reply.events[0].left_out) == [
        "clan_id",
        "country",
        "level",
        "register_date",
    ]


def test_a_purchase_has_its_price_in_dollars(api: Emulated) -> None:
    deliver(api, purchase(OrderTotal=1999))
    assert records(api) == {"purchase": [{**MOMENT, "item_id": "gems", "count": 1, "price": 19.99}]}


def test_an_order_is_split_by_unit_in_whole_cents_and_the_last_product_takes_the_rest(api: Emulated) -> None:
    reply = deliver(api, purchase(OrderTotal=500, PurchasedProduct=["a", "b", "a", "c"]))
    bought = [(each["item_id"], each["count"], each["price"]) for each in api.stored("purchase")]
    assert (bought, reply.records) == ([("a", 2, 2.5), ("b", 1, 1.25), ("c", 1, 1.25)], 3)
    deliver(api, purchase(EventId="e2", OrderTotal=100, PurchasedProduct=["a", "b", "c"]))
    assert [each["price"] for each in api.stored("purchase")[3:]] == [0.33, 0.33, 0.34]


def test_a_price_below_a_cent_is_refused_and_the_rest_is_stored(api: Emulated) -> None:
    reply = deliver(api, purchase(OrderTotal=1, PurchasedProduct=["a", "b", "c"]))
    assert sentences(reply) == ["events[0]: price: must be a positive number, got 0.0"] * 2
    assert [(each["item_id"], each["price"]) for each in api.stored("purchase")] == [("c", 0.01)]


@pytest.mark.parametrize(
    ("cents", "sentence"),
    [
        ("499", 'price: must be a number, got "499"'),
        (True, "price: must be a number, got true"),
        (4.5, "price: is required"),
        (1e300, "price: is required"),
        (None, "price: is required"),
        (0, "price: must be a positive number, got 0.0"),
        (-100, "price: must be a positive number, got -1.0"),
    ],
)
def test_a_total_that_is_no_whole_number_of_cents_is_refused(api: Emulated, cents: Any, sentence: str) -> None:
    reply = deliver(api, purchase(OrderTotal=cents))
    assert (sentences(reply), records(api)) == ([f"events[0]: {sentence}"], {})
    assert api.stored(WEBHOOK_EVENT)[0]["verdict"] == sentences(reply)


def test_one_product_outside_a_list_is_bought_too(api: Emulated) -> None:
    deliver(api, purchase(PurchasedProduct="gems", OrderTotal=500.0))
    assert api.stored("purchase") == [{**MOMENT, "item_id": "gems", "count": 1, "price": 5.0}]


@pytest.mark.parametrize("products", [None, [], {}, 5, ["gems", None], [["gems"]], [{}]])
def test_an_order_without_readable_products_is_an_action(api: Emulated, products: Any) -> None:
    deliver(api, purchase(PurchasedProduct=products))
    assert list(records(api)) == ["action"]


@pytest.mark.parametrize("who", [{}, {"EntityType": "character", "EntityId": "C1", "PlayerId": PLAYER}])
@pytest.mark.parametrize("name", ["player_vc_item_purchased", "character_vc_item_purchased"])
def test_a_virtual_purchase_costs_its_units(api: Emulated, name: str, who: Event) -> None:
    deliver(api, item_bought(EventName=name, **who))
    bought = {**MOMENT, "item_id": "axe", "currency": "GO", "count": 3, "virtual_price": 60}
    assert records(api) == {"virtual_purchase": [bought]}


def test_without_a_quantity_one_unit_is_bought(api: Emulated) -> None:
    deliver(api, item_bought(Quantity=None))
    assert [(each["count"], each["virtual_price"]) for each in api.stored("virtual_purchase")] == [(1, 20)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"UnitPrice": None}, "virtual_price: is required"),
        ({"UnitPrice": "20"}, 'virtual_price: must be a number, got "20"'),
        ({"UnitPrice": [20]}, "virtual_price: must be a number, got [20]"),
        ({"UnitPrice": 1e308, "Quantity": 10**9}, "virtual_price: is required"),
        ({"Quantity": "2"}, 'count: must be an integer, got "2"'),
        ({"Quantity": 1.5}, "count: must be an integer, got 1.5"),
        ({"ItemId": 7}, "item_id: must be a string, got 7"),
        ({"CurrencyCode": None}, "currency: is required"),
    ],
)
def test_values_of_another_type_are_refused_with_their_name(api: Emulated, content: Event, sentence: str) -> None:
    reply = deliver(api, [item_bought(**content), event("hello", "e2")])
    assert sentences(reply) == [f"events[0]: {sentence}"]
    assert list(records(api)) == ["action"]


def test_a_product_of_large_numbers_is_stored_as_json_carries_it(api: Emulated) -> None:
    assert deliver(api, item_bought(UnitPrice=2**62, Quantity=8)).records == 1
    assert api.stored("virtual_purchase")[0]["virtual_price"] == float(2**65)


@pytest.mark.parametrize("name", ["Level", "PLAYERLEVEL", "player_level", "Rank"])
@pytest.mark.parametrize("values", [(5, 4), (5, None), (5.0, 4.5), (0, -1)])
def test_a_statistic_of_levels_that_rose_is_a_level_up(api: Emulated, name: str, values: tuple[Any, Any]) -> None:
    deliver(api, level(StatisticName=name, StatisticValue=values[0], StatisticPreviousValue=values[1]))
    assert records(api) == {"level_up": [{**MOMENT, "level": int(values[0])}]}


@pytest.mark.parametrize(
    "content",
    [
        {"StatisticName": "Wins"},
        {"StatisticName": None},
        {"StatisticName": ["Level"]},
        {"StatisticValue": 4},
        {"StatisticValue": 3},
        {"StatisticValue": 5.5},
        {"StatisticValue": "5"},
        {"StatisticValue": True},
        {"StatisticValue": 1e30},
        {"StatisticValue": None},
        {"StatisticPreviousValue": "4"},
    ],
)
def test_any_other_statistic_is_an_action(api: Emulated, content: Event) -> None:
    deliver(api, level(**content))
    assert list(records(api)) == ["action"]


@pytest.mark.parametrize("name", ["player_created", "player_added_title"])
def test_a_later_login_shows_the_day_of_registration(api: Emulated, name: str) -> None:
    deliver(api, event(name, "e1", Created="2020-09-14T23:30:00.0000000Z" if name == "player_created" else None))
    deliver(api, event("player_logged_in", "e2"))
    deliver(api, event("player_logged_in", "e3", EntityId="someone else"))
    day = "2020-09-14" if name == "player_created" else "2020-09-15"
    assert [each.get("register_date") for each in api.stored("login")] == [day, None]


def test_a_login_shows_a_registration_of_its_own_delivery_in_any_order(api: Emulated) -> None:
    deliver(api, [event("player_logged_in", "e1"), event("player_created", "e2", Created="2020-09-15T10:20:29Z")])
    assert [each["register_date"] for each in api.stored("login")] == ["2020-09-15"]


def test_a_registration_does_not_outlive_its_user(api: Emulated) -> None:
    deliver(api, event("player_created", "e1"))
    api.post("remove_user_data", {"id": PLAYER})
    assert (api.users(), api.stored(WEBHOOK_EVENT)) == (set(), [])
    deliver(api, event("player_logged_in", "e2"))
    assert api.stored("login") == [MOMENT]


def test_a_custom_event_is_an_action_with_its_values_as_text(api: Emulated) -> None:
    body: Event = {
        "deck": {"cards": ["ace", {"suit": "♠"}], "size": 2},
        "won": True,
        "odds": 0.25,
        "note": None,
        "empty": {},
    }
    deliver(api, event("hand_played", EventNamespace="title.AB12", **body))
    (action,) = api.stored("action")
    assert (action["action_id"], action["action_name"]) == ("title.AB12.hand_played", "hand_played")
    assert params(api) == {
        "deck.cards.0": "ace",
        "deck.cards.1.suit": "♠",
        "deck.size": "2",
        "won": "true",
        "odds": "0.25",
    }


def test_an_action_without_values_has_no_params(api: Emulated) -> None:
    deliver(api, event("poke", EventNamespace=None))
    assert api.stored("action") == [{**MOMENT, "action_id": "poke", "action_name": "poke"}]


def test_names_of_the_newer_form_are_ordinary_params_of_a_classic_event(api: Emulated) -> None:
    deliver(api, event("quest_done", Id="q5", Entity="gate", Payload={"gold": 1}))
    assert params(api) == {"Id": "q5", "Entity": "gate", "Payload.gold": "1"}


def newer(name: str, **payload: Any) -> Event:
    return {
        "SchemaVersion": "2.0.1",
        "FullName": {"Namespace": "playfab.player", "Name": name},
        "Id": "n1",
        "Timestamp": "2020-09-15T10:20:30.7654321Z",
        "Entity": {"Type": "title_player_account", "Id": PLAYER},
        "EntityLineage": {"master_player_account": "M1"},
        "Payload": payload,
    }


def test_the_newer_form_is_read_as_the_classic_one(api: Emulated) -> None:
    deliver(api, newer("player_logged_in", Platform="Steam"))
    deliver(api, newer("player_logged_in", Platform="Steam"))
    assert records(api) == {"login": [{**MOMENT, "platform": "Steam"}]}


@pytest.mark.parametrize("payload", [{}, None, "text", [1]])
def test_the_newer_form_needs_no_payload(api: Emulated, payload: Any) -> None:
    deliver(api, {**newer("greeted"), "Payload": payload})
    assert api.stored("action") == [{**MOMENT, "action_id": "playfab.player.greeted", "action_name": "greeted"}]


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("2020-09-15T10:20:30.9999999Z", "2020-09-15 10:20:30"),
        ("2020-09-15T10:20:30Z", "2020-09-15 10:20:30"),
        ("2020-09-15T10:20:30", "2020-09-15 10:20:30"),
        ("2020-09-15T01:20:30.5+02:00", "2020-09-14 23:20:30"),
        ("0999-01-01T00:00:00Z", "0999-01-01 00:00:00"),
        ("0001-01-01T00:00:00+02:00", None),
        ("yesterday", None),
        ("", None),
        (1600165230, None),
        ({}, None),
    ],
)
def test_the_time_is_in_utc_and_whole_seconds_or_left_out(api: Emulated, text: Any, timestamp: str | None) -> None:
    deliver(api, event("hello", Timestamp=text))
    assert [each.get("timestamp") for each in api.stored("action")] == [timestamp]


@pytest.mark.parametrize(
    "content",
    [
        {"EntityType": "title", "EntityId": "AB12"},
        {"EntityType": "character"},
        {"EntityType": None},
        {"EntityType": ["player"]},
        {"EntityId": None},
    ],
)
def test_an_event_without_a_player_is_acknowledged_and_kept(api: Emulated, content: Event) -> None:
    reply = deliver(api, event("title_news", **content))
    assert (reply.records, reply.refused, records(api), api.users()) == (0, (), {}, set())
    assert [each["event"]["EventName"] for each in api.stored(WEBHOOK_EVENT)] == ["title_news"]


@pytest.mark.parametrize("player", [7, {"a": 1}, [], False])
def test_an_event_of_an_impossible_player_is_stored_with_its_violations(api: Emulated, player: Any) -> None:
    reply = deliver(api, event("player_created", EntityId=player))
    assert [said.partition(": must")[0] for said in sentences(reply)] == ["events[0]: user_id"]
    assert (api.users(), len(api.stored(WEBHOOK_EVENT))) == (set(), 1)


@pytest.mark.parametrize("name", [7, {}, [], False])
def test_an_event_without_a_usable_name_is_stored_with_its_violations(api: Emulated, name: Any) -> None:
    reply = deliver(api, {**event("x"), "EventName": name})
    assert (reply.records, len(api.stored(WEBHOOK_EVENT))) == (0, 1)
    assert sentences(reply)[0].startswith("events[0]: action_id: ")


def test_a_refused_record_does_not_create_a_user(api: Emulated) -> None:
    deliver(api, purchase(OrderTotal=0))
    assert api.users() == set()


def test_personal_data_is_dropped_at_any_depth(api: Emulated) -> None:
    deliver(api, event("linked", Email="a@b.example", Who=[{"ClientIPAddress": "192.0.2.1", "Name": "Ann"}]))
    (kept,) = api.stored(WEBHOOK_EVENT)
    assert kept["event"]["Who"] == [{"Name": "Ann"}]
    assert "Email" not in kept["event"]
    assert params(api) == {"Who.0.Name": "Ann"}


def test_an_event_counts_once(api: Emulated) -> None:
    body = [event("hello", "e1"), event("hello", "e1"), event("hello", "e2")]
    assert deliver(api, body).records == 2
    assert deliver(api, body).records == 0
    assert deliver(api, body, dashboard="another").records == 2
    assert [len(api.stored(kind)) for kind in ("action", WEBHOOK_EVENT)] == [2, 2]


@pytest.mark.parametrize("event_id", [None, "", 5])
def test_an_event_without_an_id_always_is_new(api: Emulated, event_id: Any) -> None:
    body = {**event("hello"), "EventId": event_id}
    assert (deliver(api, [body, body]).records, deliver(api, body).records) == (2, 1)


def test_a_repeated_event_does_not_restore_a_deleted_user(api: Emulated) -> None:
    deliver(api, event("hello"))
    api.post("remove_user_data", {"id": PLAYER})
    assert (deliver(api, event("hello")).records, api.users()) == (0, set())


class SlowStore(MemoryStore):
    """A store that lets others run before it answers, as one over a network does."""

    async def known_keys(self, dashboard: str, kind: str, keys: Collection[str]) -> dict[str, str]:
        known = await super().known_keys(dashboard, kind, keys)
        await asyncio.sleep(0)
        return known


def test_an_event_that_is_delivered_twice_at_once_counts_once(contract: Contract) -> None:
    api = emulated(contract, SlowStore(max_bytes=2**20))
    call = Call(DASHBOARD, "r", NOW, body=orjson.dumps(event("hello")))

    async def twice() -> list[HandlerResult]:
        return await asyncio.gather(*(api.answer("receive_playfab_events", call) for _ in range(2)))

    assert [reply.records for reply in asyncio.run(twice())] == [1, 0]


def test_a_value_that_is_not_an_event_is_refused_and_the_others_are_stored(api: Emulated) -> None:
    reply = deliver(api, [event("hello"), 7, None, [event("hello", "e2")]])
    assert sentences(reply)[:2] == ["events[1]: must be an object, got 7", "events[2]: must be an object, got null"]
    assert (reply.records, reply.refused_count) == (1, 3)


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'"event"', b"null", b"[" * 2000])
def test_a_body_that_holds_no_events_is_a_bad_request(api: Emulated, body: bytes) -> None:
    with pytest.raises(BadRequest) as error:
        api.send("receive_playfab_events", body=body)
    assert [violation.name for violation in error.value.violations] == ["body"]


def test_an_empty_delivery_is_acknowledged(api: Emulated) -> None:
    assert deliver(api, []) == HandlerResult(hint="the list has no events, so nothing is stored")


def test_more_events_than_anybody_sends_are_a_bad_request(api: Emulated) -> None:
    with pytest.raises(BadRequest) as error:
        deliver(api, [{}] * (MAX_EVENTS + 1))
    assert error.value.violations[0].rule == "maxItems"
    assert api.stored(WEBHOOK_EVENT) == []


def test_deep_events_are_kept_down_to_a_depth(api: Emulated) -> None:
    body = orjson.dumps(event("deep"))[:-1] + b',"a":' + b'{"a":' * 900 + b"1" + b"}" * 901
    assert api.send("receive_playfab_events", body=body).records == 1
    assert params(api) == {}


class CountingStore(MemoryStore):
    """A store that counts the calls of append, each of which keeps everything or nothing."""

    appends = 0

    async def append(self, dashboard: str, batches: Sequence[Batch]) -> None:
        self.appends += 1
        await super().append(dashboard, batches)


def test_a_delivery_is_stored_whole_or_not_at_all(contract: Contract) -> None:
    store = CountingStore(max_bytes=2**20)
    body = [event("player_logged_in", "e1"), purchase(EventId="e2"), level(EventId="e3"), event("player_created", "e4")]
    assert (deliver(emulated(contract, store), body).records, store.appends) == (4, 1)


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


def hook(api: Emulated) -> Webhook:
    """Return what the contract says about the webhook."""
    return next(each.webhook for each in api.backend.contract.operations if each.webhook)


def words(webhook: Webhook) -> set[str]:
    """Return every top-level name of an event that means something to the mapping."""
    paths = [path for found in webhook.names.values() for path in found]
    for rule in webhook.events:
        paths += [*rule.inputs.values(), *rule.fields.values()]
    return {path.partition(".")[0] for path in paths}


def with_rule(contract: Contract, rule: EventRule) -> Contract:
    """Return the contract with one more rule for webhook events, before all others."""

    def extended(operation: Any) -> Any:
        if operation.webhook is None:
            return operation
        hook = msgspec.structs.replace(operation.webhook, events=(rule, *operation.webhook.events))
        return msgspec.structs.replace(operation, webhook=hook)

    return msgspec.structs.replace(contract, operations=tuple(map(extended, contract.operations)))


def test_a_custom_event_becomes_a_record_by_a_rule_of_the_contract(contract: Contract) -> None:
    paths = {"target_user_id": "friend.id", "connection": "state", "interaction": "kind"}
    api = emulated(with_rule(contract, EventRule(event="friend_added", record="SocialDynamics", fields=paths)))
    deliver(api, event("friend_added", friend={"id": "u2"}, state="unllinked", kind="friend"))
    expected = {**MOMENT, "target_user_id": "u2", "connection": "unlinked", "interaction": "friend"}
    assert records(api) == {"social_dynamics": [expected]}


@pytest.mark.parametrize("transform", ["magic", "statistic"])
def test_a_rule_that_cannot_work_stops_the_start(contract: Contract, transform: str) -> None:
    rule = EventRule(event="x", record="LevelUp", transform=transform)
    with pytest.raises(UsageError, match="the rule for x"):
        emulated(with_rule(contract, rule))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(data=st.data())
def test_whatever_an_event_holds_it_is_acknowledged(shared_api: Emulated, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([rule.event for rule in hook(shared_api).events]))
    known = st.sampled_from(sorted(words(hook(shared_api))))
    content = data.draw(st.dictionaries(known | TEXT, JSON, max_size=6))
    reply = deliver(shared_api, {**event(name, ""), **content})
    assert reply.data is None


@pytest.fixture
def examples() -> list[Event]:
    if not EXAMPLES.exists():
        pytest.skip("the collected example events are not here")
    return [json.loads(line) for line in EXAMPLES.read_text("utf-8").splitlines()]


COUNTS = {"login": 1, "action": 9, "purchase": 1, "virtual_purchase": 1, "level_up": 1}


def test_every_example_event_becomes_a_record(api: Emulated, examples: list[Event]) -> None:
    replies = [deliver(api, each) for each in examples]
    assert [(reply.records, reply.refused) for reply in replies] == [(1, ())] * 13
    assert {kind: len(found) for kind, found in records(api).items()} == COUNTS


def test_all_example_events_can_be_delivered_together_and_again(api: Emulated, examples: list[Event]) -> None:
    assert [deliver(api, examples).records for _ in range(2)] == [13, 0]
    assert {kind: len(found) for kind, found in records(api).items()} == COUNTS
    assert len(api.stored(WEBHOOK_EVENT)) == 13
