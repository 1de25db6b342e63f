import itertools
from math import fsum
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traits_sandbox.contract.model import Contract
from traits_sandbox.handlers.traits import TraitModel, Traits, persona_of, weighted_mean

# Frozen: the same seed means the same values in every release, process and Python version.
GOLDEN = {
    (0, "default", 1): (50.26430130004883, 49.200714111328125, 61.178245544433594),
    (0, "default", 2): (64.28030395507812, 52.75440216064453, 47.21102523803711),
    (7, "default", 1): (48.3990592956543, 39.71073913574219, 43.281070709228516),
    (0, "whales", 1): (66.65843200683594, 63.00653076171875, 53.806148529052734),
}
IDENTITIES = st.tuples(st.integers(), st.text(max_size=10), st.integers(1, 100))


@pytest.fixture(scope="module")
def sample(contract: Contract) -> Traits:
    operation = next(each for each in contract.operations if each.behaviour == "persona_traits")
    assert operation.response is not None
    data: Traits = operation.response.example["data"]
    return data


@pytest.fixture(scope="module")
def model(sample: Traits) -> TraitModel:
    return TraitModel(sample)


def values(traits: Traits) -> list[float]:
    return [value for names in traits.values() for value in names.values()]


@pytest.mark.parametrize("identity", GOLDEN)
def test_values_never_change(model: TraitModel, identity: tuple[int, str, int]) -> None:
    traits = model.traits(*identity)
    shown = (
        traits["agreeableness"]["Altruism"],
        traits["wellBeing"]["Autonomy"],
        traits["personality"]["Extraversion"],
    )
    assert shown == GOLDEN[identity]


def test_the_order_of_questions_does_not_matter(sample: Traits) -> None:
    forwards, backwards = TraitModel(sample), TraitModel(sample)
    first = [forwards.traits(0, "default", persona) for persona in (1, 2, 3)]
    assert first == [backwards.traits(0, "default", persona) for persona in (3, 2, 1)][::-1]


@settings(deadline=None)
@given(identity=IDENTITIES)
def test_traits_have_the_shape_of_the_sample(sample: Traits, model: TraitModel, identity: tuple[int, str, int]) -> None:
    traits = model.traits(*identity)
    assert {category: list(names) for category, names in traits.items()} == {
        category: list(names) for category, names in sample.items()
    }
    assert all(0 <= value <= 100 for value in values(traits))


@settings(deadline=None)
@given(identity=IDENTITIES)
def test_a_trait_has_one_value_wherever_it_is_named(model: TraitModel, identity: tuple[int, str, int]) -> None:
    traits = model.traits(*identity)
    shared = traits["coreMotivations"].keys() & traits["wellBeing"].keys()
    assert len(shared) == 3
    assert all(traits["coreMotivations"][name] == traits["wellBeing"][name] for name in shared)


@settings(deadline=None)
@given(identity=IDENTITIES)
def test_personality_sums_its_categories_up(model: TraitModel, identity: tuple[int, str, int]) -> None:
    traits = model.traits(*identity)
    for name, score in traits["personality"].items():
        assert abs(score - fmean(traits[name.lower()].values())) <= 1.51


@pytest.mark.parametrize("seed", range(5))
def test_personas_differ_visibly(model: TraitModel, seed: int) -> None:
    personas = [values(model.traits(seed, "default", persona)) for persona in range(1, 5)]
    for one, other in itertools.combinations(personas, 2):
        assert fmean(abs(a - b) for a, b in zip(one, other, strict=True)) > 8


@settings(deadline=None)
@given(user=st.text(), personas=st.integers(1, 100))
def test_every_user_has_one_persona(user: str, personas: int) -> None:
    persona = persona_of(user, seed=0, segment="default", personas=personas)
    assert 1 <= persona <= personas


def test_users_keep_their_persona_in_every_release() -> None:
    users = [*(f"u{number}" for number in range(8)), "é😀"]
    assert [persona_of(user, seed=0, segment="default", personas=4) for user in users] == [1, 3, 1, 3, 4, 4, 2, 3, 3]


def test_users_spread_evenly_over_personas() -> None:
    found = [persona_of(f"user {number}", seed=1, segment="default", personas=4) for number in range(4000)]
    assert all(900 < found.count(persona) < 1100 for persona in range(1, 5))


def test_a_mean_weighs_its_parts(model: TraitModel) -> None:
    parts = [model.traits(0, "default", persona) for persona in (1, 2, 3)]
    mean = weighted_mean(parts, [3, 0, 1])
    expected = fsum([3 * parts[0]["culture"]["Indulgence"], parts[2]["culture"]["Indulgence"]]) / 4
    assert mean["culture"]["Indulgence"] == pytest.approx(expected, abs=1e-5)
    assert weighted_mean(parts, [0, 5, 0]) == parts[1]
