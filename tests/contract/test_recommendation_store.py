"""What every `RecommendationStore` does, in memory and in SQLite."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stash_sense.adapters.store.recommendations import SqlRecommendationStore
from stash_sense.adapters.store.store import Store
from stash_sense.errors import RecommendationListingInvalid, RecommendationSuperseded
from stash_sense.recommendations.listing import read_page
from stash_sense.recommendations.memory import MemoryRecommendationStore
from stash_sense.recommendations.recommendation import (
    OUTDATED,
    NewRecommendation,
    Recommendation,
    Status,
    Target,
    content_digest,
)
from stash_sense.recommendations.store import PageQuery, RecommendationStore, Resolution, Sort
from stash_sense.recommendations.submitting import Became, Submitted

AnyStore = RecommendationStore
ACCEPTED = Resolution("accept", {"performers": ["7"]}, "group-1")


class Ticking:
    """A second later whenever it is asked."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    if request.param == "memory":
        yield MemoryRecommendationStore(Ticking())
        return
    opened = Store.open(tmp_path / "stash_sense.db")
    yield SqlRecommendationStore(opened.engine, Ticking())
    opened.close()


def found(
    target: str = "1", people: str = "ada", confidence: float = 0.9, type_: str = "unidentified_scene", **more: Any
) -> NewRecommendation:
    who = sorted(people.split())
    details = {"schema": 1, "people": who, **more}
    return NewRecommendation(type_, Target("scene", target), content_digest(who), details, confidence)


def submit(store: AnyStore, *args: Any, **fields: Any) -> Submitted:
    (submitted,) = store.submit([found(*args, **fields)])
    return submitted


def got(store: AnyStore, id_: int) -> Recommendation:
    one = store.get(id_)
    assert one is not None
    return one


def counts(store: AnyStore, type_: str = "unidentified_scene") -> tuple[int, int, int]:
    """Pending, resolved, dismissed; by the counts and by counting."""
    numbers = store.counts().get(type_, dict.fromkeys(Status, 0))
    for status in Status:
        assert numbers[status] == len(store.page(PageQuery([status], [type_], limit=1000)))
    return numbers[Status.PENDING], numbers[Status.RESOLVED], numbers[Status.DISMISSED]


def test_what_is_submitted_is_pending_with_all_that_was_said(store: AnyStore) -> None:
    submitted = submit(store, "12", "ada bob", 0.75, note="é")
    one = got(store, submitted.id)
    assert submitted.became is Became.NEW
    assert (one.type, one.target, one.status) == ("unidentified_scene", Target("scene", "12"), Status.PENDING)
    assert (one.confidence, one.details) == (0.75, {"schema": 1, "people": ["ada", "bob"], "note": "é"})
    assert (one.permanent, one.reason, one.action, one.group, one.resolved_at) == (False, "", None, None, None)
    assert one.created_at == one.updated_at
    assert store.get(99) is None


def test_the_same_is_kept_once(store: AnyStore) -> None:
    first = submit(store)
    assert submit(store) == Submitted(Became.SAME, first.id)
    assert got(store, first.id).updated_at == got(store, first.id).created_at
    assert counts(store) == (1, 0, 0)


def test_new_figures_of_the_same_are_taken_over(store: AnyStore) -> None:
    first = submit(store, confidence=0.6)
    assert submit(store, confidence=0.8) == Submitted(Became.REFRESHED, first.id)
    one = got(store, first.id)
    assert one.confidence == 0.8
    assert one.updated_at > one.created_at


def test_something_else_about_the_target_takes_the_place_of_what_is_pending(store: AnyStore) -> None:
    first = submit(store, people="ada")
    assert submit(store, people="ada bob") == Submitted(Became.CHANGED, first.id)
    assert got(store, first.id).details["people"] == ["ada", "bob"]
    assert counts(store) == (1, 0, 0)


def test_types_and_targets_do_not_touch_each_other(store: AnyStore) -> None:
    numbers = {submit(store, target, type_=type_).id for target in "12" for type_ in ("one", "two")}
    assert len(numbers) == 4


@pytest.mark.parametrize("permanent", [False, True])
def test_what_was_dismissed_never_comes_back(store: AnyStore, permanent: bool) -> None:
    first = submit(store)
    one = store.dismiss(first.id, "not her", permanent=permanent)
    assert one is not None
    assert (one.status, one.reason, one.permanent) == (Status.DISMISSED, "not her", permanent)
    again = submit(store, confidence=0.99)
    assert again == Submitted(Became.SKIPPED if permanent else Became.SETTLED, first.id)
    assert got(store, first.id) == one
    assert counts(store) == (0, 0, 1)


def test_something_else_comes_after_a_dismissal_unless_it_was_permanent(store: AnyStore) -> None:
    first = submit(store, people="ada")
    store.dismiss(first.id)
    second = submit(store, people="bob")
    assert second.became is Became.NEW
    assert second.id != first.id
    store.dismiss(first.id, permanent=True)
    assert got(store, first.id).permanent
    assert got(store, second.id).status is Status.DISMISSED
    assert submit(store, people="cid").became is Became.SKIPPED
    assert counts(store) == (0, 0, 2)


def test_a_permanent_dismissal_is_not_weakened_by_another_one(store: AnyStore) -> None:
    first = submit(store)
    permanent = store.dismiss(first.id, "never", permanent=True)
    assert store.dismiss(first.id, "once") == permanent


def test_what_was_resolved_does_not_come_back_and_something_else_does(store: AnyStore) -> None:
    first = submit(store, people="ada")
    one = store.resolve(first.id, ACCEPTED)
    assert one is not None
    assert (one.status, one.action, one.action_details, one.group) == (
        Status.RESOLVED,
        "accept",
        {"performers": ["7"]},
        "group-1",
    )
    assert one.resolved_at is not None
    assert submit(store, people="ada") == Submitted(Became.SETTLED, first.id)
    assert submit(store, people="bob").became is Became.NEW
    assert counts(store) == (1, 1, 0)


def test_deciding_twice_is_deciding_once(store: AnyStore) -> None:
    first, second = submit(store, "1").id, submit(store, "2").id
    resolved, dismissed = store.resolve(first, ACCEPTED), store.dismiss(second, "no")
    assert store.resolve(first, Resolution("other", {})) == resolved
    assert store.dismiss(first) == resolved
    assert store.dismiss(second, "yes") == dismissed
    assert store.resolve(second, ACCEPTED) == dismissed
    assert store.resolve(99, ACCEPTED) is store.dismiss(99) is store.reopen(99) is None
    assert counts(store) == (0, 1, 1)


def test_what_was_decided_can_be_reopened(store: AnyStore) -> None:
    numbers = [submit(store, target).id for target in "12"]
    store.resolve(numbers[0], ACCEPTED)
    store.dismiss(numbers[1], "no", permanent=True)
    for number in numbers:
        one = store.reopen(number)
        assert one is not None
        assert (one.status, one.action, one.group, one.reason, one.permanent, one.resolved_at) == (
            Status.PENDING,
            None,
            None,
            "",
            False,
            None,
        )
        assert store.reopen(number) == one
    assert counts(store) == (2, 0, 0)


def test_under_which_group_is_written_for_a_pending_one_is_kept_before(store: AnyStore) -> None:
    pending, dismissed = submit(store, "1").id, submit(store, "2").id
    store.dismiss(dismissed)
    before = store.get(pending)
    assert before is not None
    for number in (pending, dismissed, 99):
        store.note_group(number, "group-1")
    assert store.get(pending) == replace(before, group="group-1")
    assert getattr(store.get(dismissed), "group", "") is None
    assert counts(store) == (1, 0, 1)


def test_what_has_been_superseded_is_not_reopened(store: AnyStore) -> None:
    first = submit(store, people="ada").id
    store.dismiss(first)
    second = submit(store, people="bob").id
    with pytest.raises(RecommendationSuperseded) as caught:
        store.reopen(first)
    assert caught.value.fields == {"id": first, "newer": second}


def test_what_is_not_found_any_more_is_withdrawn_and_comes_back_when_it_is(store: AnyStore) -> None:
    first, other = submit(store, "1").id, submit(store, "2").id
    assert store.withdraw("unidentified_scene", [Target("scene", "1"), Target("scene", "7")]) == 1
    assert store.withdraw("unidentified_scene", []) == 0
    assert (got(store, first).status, got(store, first).action) == (Status.RESOLVED, OUTDATED)
    assert got(store, other).status is Status.PENDING
    assert submit(store, "1", confidence=0.5) == Submitted(Became.BACK, first)
    assert (got(store, first).status, got(store, first).action) == (Status.PENDING, None)
    assert got(store, first).confidence == 0.5
    assert counts(store) == (2, 0, 0)


def test_finding_again_what_was_decided_outdates_what_is_pending_instead(store: AnyStore) -> None:
    first = submit(store, people="ada").id
    store.dismiss(first)
    second = submit(store, people="bob").id
    assert submit(store, people="ada") == Submitted(Became.SETTLED, first)
    assert got(store, second).is_outdated
    assert counts(store) == (0, 1, 1)


def test_of_one_batch_the_last_one_about_a_target_counts(store: AnyStore) -> None:
    became = store.submit([found(people="ada"), found("2"), found(people="bob"), found(people="bob")])
    assert [one.became for one in became] == [Became.NEW, Became.NEW, Became.CHANGED, Became.SAME]
    assert became[0].id == became[2].id == became[3].id != became[1].id
    assert got(store, became[0].id).details["people"] == ["bob"]
    assert store.submit([]) == []


def test_all_pending_ones_of_a_type_are_dismissed_at_once(store: AnyStore) -> None:
    numbers = [submit(store, str(target)).id for target in range(5)]
    other = submit(store, type_="other").id
    store.resolve(numbers[0], ACCEPTED)
    assert store.dismiss_pending("unidentified_scene", "all of them") == 4
    assert store.dismiss_pending("unidentified_scene") == 0
    assert got(store, other).status is Status.PENDING
    assert counts(store) == (0, 1, 4)


@pytest.mark.parametrize("sort", Sort)
def test_pages_hold_everything_once_and_in_order(store: AnyStore, sort: Sort) -> None:
    chance = random.Random(8)  # noqa: S311  no secret
    wanted = [
        found(str(number), confidence=chance.choice([0.5, 0.7, 0.9]), type_=chance.choice(["one", "two", "three"]))
        for number in range(60)
    ]
    numbers = [one.id for one in store.submit(wanted)]
    for number in chance.sample(numbers, 20):
        store.dismiss(number)
    store.dismiss_pending("two")  # many at one moment
    for query in (
        PageQuery(sort=sort, limit=7),
        PageQuery([Status.PENDING], sort=sort, limit=7),
        PageQuery(types=["one", "three"], sort=sort, limit=7),
        PageQuery([Status.DISMISSED], ["two"], sort=sort, limit=7),
    ):
        listed: list[Recommendation] = []
        cursor, pages = None, 0
        while cursor is not None or not pages:
            page = read_page(store, query, cursor)
            listed += page.items
            cursor, pages = page.next, pages + 1
        expected = [
            one
            for one in (got(store, number) for number in numbers)
            if (not query.statuses or one.status in query.statuses) and (not query.types or one.type in query.types)
        ]
        keys = {
            Sort.NEWEST: lambda one: (-one.id,),
            Sort.OLDEST: lambda one: (one.id,),
            Sort.CONFIDENCE: lambda one: (-one.confidence, -one.id),
            Sort.UPDATED: lambda one: (-one.updated_at.timestamp(), -one.id),
        }
        assert listed == sorted(expected, key=keys[sort])


def test_all_about_one_target_are_listed(store: AnyStore) -> None:
    first, second = submit(store, "5").id, submit(store, "5", type_="other").id
    submit(store, "6")
    about = PageQuery(target=Target("scene", "5"))
    assert [one.id for one in store.page(about)] == [second, first]
    assert [one.id for one in store.page(PageQuery(types=["other"], target=about.target))] == [second]
    assert store.page(PageQuery([Status.DISMISSED], target=about.target)) == []
    assert store.page(PageQuery(target=Target("image", "5"))) == []


def test_an_empty_store_has_empty_pages(store: AnyStore) -> None:
    page = read_page(store, PageQuery())
    assert (page.items, page.next) == ((), None)
    assert store.counts() == {}


@pytest.mark.parametrize("cursor", ["", "x", "é", "!!!!", "bnVsbA", "W10", "A" * 5000, "WyJvbGRlc3QiLDAsMV0", "WzFd"])
def test_a_place_that_no_page_named_is_refused(store: AnyStore, cursor: str) -> None:
    with pytest.raises(RecommendationListingInvalid):
        read_page(store, PageQuery(sort=Sort.CONFIDENCE), cursor)


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_has_a_size(store: AnyStore, limit: int) -> None:
    with pytest.raises(RecommendationListingInvalid):
        read_page(store, PageQuery(limit=limit))


def test_of_many_who_submit_at_once_one_is_the_first(store: AnyStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        became = list(threads.map(lambda _: submit(store), range(24)))
    assert sorted(one.became for one in became) == [Became.NEW, *[Became.SAME] * 23]
    assert len({one.id for one in became}) == 1
    assert counts(store) == (1, 0, 0)
