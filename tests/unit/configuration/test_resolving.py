from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from stash_sense.configuration.environment import Environment, FromEnvironment
from stash_sense.configuration.registry import Category, SettingSpec
from stash_sense.configuration.resolving import Source, resolve
from stash_sense.configuration.tiers import Tier
from stash_sense.configuration.values import IntType

NOTHING = object()
IN_RANGE = st.integers(1, 100)
KEPT = st.one_of(st.just(NOTHING), IN_RANGE, st.integers(101, 200), st.booleans(), st.floats(), st.text())


def spec(tiers: Mapping[Tier, int], category: Category = Category.PERFORMANCE) -> SettingSpec:
    return SettingSpec(
        key="size",
        category=category,
        type=IntType(1, 100),
        fallback=7,
        description="A size.",
        reader="nobody",
        by_tier=tiers,
    )


@given(
    KEPT,
    st.none() | IN_RANGE,
    st.dictionaries(st.sampled_from(list(Tier)), IN_RANGE),
    st.sampled_from(list(Tier)),
    st.sampled_from([Category.PERFORMANCE, Category.START_UP]),
)
def test_the_user_wins_over_the_environment_over_the_tier_over_the_fallback(
    kept: object, environment: int | None, tiers: dict[Tier, int], tier: Tier, category: Category
) -> None:
    setting = spec(tiers, category)
    overrides = {} if kept is NOTHING else {"size": kept}
    values = {} if environment is None else {"size": FromEnvironment(environment, "STASH_SENSE_SIZE")}
    resolved = resolve(setting, overrides, Environment(values), tier)

    by_user = kept if category is not Category.START_UP and type(kept) is int and 1 <= kept <= 100 else None
    ladder = [
        (Source.USER, by_user),
        (Source.ENVIRONMENT, environment),
        (Source.TIER, tiers.get(tier)),
        (Source.FALLBACK, 7),
    ]
    assert (resolved.source, resolved.value) == next(step for step in ladder if step[1] is not None)
    assert resolved.default == tiers.get(tier, 7)
    assert resolved.variable == (None if environment is None else "STASH_SENSE_SIZE")
    assert resolved.locked == (resolved.source is Source.ENVIRONMENT or category is Category.START_UP)


def test_programs_are_told_all_of_it() -> None:
    document = resolve(spec({Tier.CPU: 5}), {}, Environment({}), Tier.CPU).document()
    assert document == {
        "key": "size",
        "category": "performance",
        "type": "int",
        "allowed": "a whole number from 1 to 100",
        "least": 1,
        "most": 100,
        "description": "A size.",
        "value": 5,
        "default": 5,
        "source": "tier",
        "locked": False,
        "variable": "STASH_SENSE_SIZE",
        "variable_found": None,
    }
