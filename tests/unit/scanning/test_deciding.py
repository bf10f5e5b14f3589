"""What a scan does about an item, given what is known of it."""

import pytest

from stash_sense.fingerprints.fingerprint import Outcome
from stash_sense.fingerprints.store import Mark
from stash_sense.scanning.deciding import Conditions, Present, Step, step_of

NOW = Present("duo", "2026.11.2", Conditions("a", "b"))
BEFORE = "2026.11.1"


def mark(outcome: Outcome = Outcome.FACES, **fields: str) -> Mark:
    known = {"content": "oshash:1", "pack": "duo", "database": NOW.database, "conditions": "a.b"}
    return Mark(outcome=outcome, **(known | fields))


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (None, Step.LOOK),
        (mark(), Step.NOTHING),
        (mark(content="oshash:2"), Step.LOOK),
        (mark(content=""), Step.LOOK),
        (mark(pack="lite"), Step.LOOK),
        (mark(database=BEFORE), Step.REMATCH),
        (mark(conditions="a.c"), Step.REMATCH),
        (mark(conditions="x.b"), Step.NOTHING),
        (mark(Outcome.NO_FACE), Step.NOTHING),
        (mark(Outcome.NO_FACE, database=BEFORE), Step.NOTHING),
        (mark(Outcome.NO_FACE, conditions="x.b"), Step.LOOK),
        (mark(Outcome.NO_FACE, conditions="a.c"), Step.NOTHING),
        (mark(Outcome.NO_FACE, content="oshash:2"), Step.LOOK),
        (mark(Outcome.FAILED), Step.NOTHING),
        (mark(Outcome.FAILED, database=BEFORE), Step.NOTHING),
        (mark(Outcome.FAILED, pack="lite"), Step.LOOK),
        (mark(Outcome.FAILED, conditions="x.b"), Step.LOOK),
        (mark(Outcome.FAILED, conditions=""), Step.LOOK),
        (mark(code="input_missing"), Step.NOTHING),
        (mark(code="input_missing", database=BEFORE), Step.REMATCH),
        (mark(code="input_missing", conditions="x.b"), Step.LOOK),
    ],
)
def test_an_item_is_looked_at_when_something_changed_that_matters_to_it(known: Mark | None, step: Step) -> None:
    assert step_of(known, "oshash:1", NOW) is step


def test_what_failed_is_retried_where_that_is_asked_for_and_nothing_else_is() -> None:
    now = Present(NOW.pack, NOW.database, NOW.conditions, retry_failed=True)
    steps = {outcome: step_of(mark(outcome), "oshash:1", now) for outcome in Outcome}
    assert step_of(mark(code="input_missing"), "oshash:1", now) is Step.LOOK
    assert steps == {Outcome.FACES: Step.NOTHING, Outcome.NO_FACE: Step.NOTHING, Outcome.FAILED: Step.LOOK}


def test_from_the_start_everything_is_looked_at() -> None:
    now = Present(NOW.pack, NOW.database, NOW.conditions, from_start=True)
    assert {step_of(mark(outcome), "oshash:1", now) for outcome in Outcome} == {Step.LOOK}
