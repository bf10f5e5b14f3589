"""The rules of submitting, on random histories: whatever is done, nothing decided comes back."""

from hypothesis import given
from hypothesis import strategies as st

from stash_sense.recommendations.memory import MemoryRecommendationStore
from stash_sense.recommendations.recommendation import NewRecommendation, Status, Target
from stash_sense.recommendations.store import PageQuery, Resolution
from stash_sense.recommendations.submitting import Became

STEPS = st.lists(
    st.tuples(st.sampled_from(["submit", "dismiss", "never", "resolve", "withdraw"]), st.sampled_from("abc")),
    max_size=25,
)
TARGET = Target("scene", "1")


def found(content: str) -> NewRecommendation:
    return NewRecommendation("a_type", TARGET, content, {"says": content}, 0.5)


@given(STEPS)
def test_what_the_user_decided_never_comes_back(steps: list[tuple[str, str]]) -> None:
    store = MemoryRecommendationStore()
    decided, never = set(), False
    for step, content in steps:
        pending = store.page(PageQuery([Status.PENDING], target=TARGET))
        if step == "submit":
            (submitted,) = store.submit([found(content)])
            if never:
                assert submitted.became is Became.SKIPPED
            elif content in decided:
                assert submitted.became is Became.SETTLED
            else:
                (one,) = store.page(PageQuery([Status.PENDING], target=TARGET))
                assert (one.id, one.content) == (submitted.id, content)
        elif step == "withdraw":
            store.withdraw("a_type", [TARGET])
        elif pending:
            decided.add(pending[0].content)
            never = never or step == "never"
            if step == "resolve":
                store.resolve(pending[0].id, Resolution("accept", {}))
            else:
                store.dismiss(pending[0].id, permanent=step == "never")
        assert len(store.page(PageQuery([Status.PENDING], target=TARGET))) <= 1
