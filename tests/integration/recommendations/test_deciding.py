"""Recommendations are accepted, undone, dismissed and reopened against a simulated Stash."""

import asyncio
from typing import Any, cast

import pytest
from tests.integration.recommendations.desk import Bench, Desk, Gone, person
from tests.stash_library import ENDPOINT, snapshot

from stash_sense.errors import (
    RecommendationChoiceInvalid,
    RecommendationPartlyAccepted,
    RecommendationSettled,
    RecommendationUnknown,
    RecommendationUnreadable,
    StashDatabaseLocked,
    StashIdUnknown,
)
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, Kind
from stash_sense.library.media import StashId
from stash_sense.recommendations.choosing import Choice
from stash_sense.recommendations.dismissing import dismiss, reopen
from stash_sense.recommendations.journal.entry import Operation
from stash_sense.recommendations.recommendation import NewRecommendation, Recommendation, Status, Target
from stash_sense.recommendations.submitting import Became
from stash_sense.recommendations.unidentified import UNIDENTIFIED_GALLERY, UNIDENTIFIED_IMAGE

CID, BOB, DORA = person("Cid", "3"), person("Bob", "2"), person("Dora")


def now(desk: Desk, one: Recommendation) -> Recommendation:
    found = desk.recommendations.get(one.id)
    assert found is not None
    return found


def test_accepting_adds_those_who_are_in_stash(desk: Desk) -> None:
    one = desk.recommend(CID, BOB, DORA)
    accepted = desk.do(lambda bench: bench.decisions.accept(one.id))
    assert accepted.performer_ids == ("3", "2")
    assert desk.do(lambda bench: bench.performers_of("2")) == [{"2", "3"}]
    assert accepted.recommendation == now(desk, one)
    assert now(desk, one).status is Status.RESOLVED
    (entry,) = desk.entries(now(desk, one).group or "")
    assert (entry.actor, entry.recommendation_id, entry.reason) == ("user", one.id, "Accepted: Cid, Bob")


@pytest.mark.parametrize(
    ("kind", "type_"), [(IMAGES, UNIDENTIFIED_IMAGE), (GALLERIES, UNIDENTIFIED_GALLERY)], ids=["image", "gallery"]
)
def test_images_and_galleries_are_accepted_likewise(desk: Desk, kind: Kind[Any], type_: Any) -> None:
    one = desk.recommend(CID, target="1", type_=type_)
    desk.do(lambda bench: bench.decisions.accept(one.id))
    found: Any = desk.do(lambda bench: bench.client.reader.one(kind, "1"))
    assert "3" in found.performer_ids


def test_accepting_twice_even_at_once_is_accepting_once(desk: Desk) -> None:
    one = desk.recommend(CID)

    async def work(bench: Bench) -> list[Any]:
        decisions = bench.decisions
        both = await asyncio.gather(*(decisions.accept(one.id) for _ in range(2)))
        return [*both, await decisions.accept(one.id)]

    accepted = desk.do(work)
    assert sorted(one.performer_ids for one in accepted) == [(), (), ("3",)]
    assert len(desk.journal.unsettled()) == 0
    assert len(desk.entries(now(desk, one).group or "")) == 1


def test_what_is_undone_is_gone_and_pending_again(desk: Desk) -> None:
    one = desk.recommend(CID, BOB)

    async def work(bench: Bench) -> list[set[str]]:
        accepted = await bench.decisions.accept(one.id)
        await bench.decisions.undo(accepted.recommendation.group or "")
        return await bench.performers_of("2")

    assert desk.do(work) == [set()]
    assert now(desk, one).status is Status.PENDING
    assert desk.recommend(CID, BOB).id == one.id


def test_undoing_the_only_entry_makes_it_pending_again_likewise(desk: Desk) -> None:
    one = desk.recommend(CID)

    async def work(bench: Bench) -> None:
        accepted = await bench.decisions.accept(one.id)
        (entry,) = desk.entries(accepted.recommendation.group or "")
        await bench.decisions.undo_entry(entry.id, dry=True)
        assert now(desk, one).status is Status.RESOLVED
        await bench.decisions.undo_entry(entry.id)

    desk.do(work)
    assert now(desk, one).status is Status.PENDING


def test_a_performer_is_created_linked_and_added_in_one_group_and_all_of_it_undone(desk: Desk) -> None:
    one = desk.recommend(DORA, BOB)
    choices = [
        Choice(DORA.person_id, create={"name": "Dora", "gender": "FEMALE"}, link=StashId(ENDPOINT, "d")),
        Choice(BOB.person_id, link=StashId("https://other.example/graphql", "b2")),
    ]

    async def work(bench: Bench) -> Any:
        before = snapshot(desk.stash)
        planned = (await bench.decisions.accept(one.id, choices, dry=True)).intents
        assert snapshot(desk.stash) == before
        accepted = await bench.decisions.accept(one.id, choices)
        dora = (await bench.client.reader.named(PERFORMERS, "Dora"))[0]
        bob = await bench.performer("2")
        seen = await bench.performers_of("2")
        undone = await bench.decisions.undo(accepted.recommendation.group or "")
        return planned, dora, bob, seen, undone, await bench.performer("2")

    planned, dora, bob, seen, undone, bob_after = desk.do(work)
    assert [one.operation for one in planned] == [Operation.CREATE, Operation.UPDATE, Operation.ADD]
    assert set(planned[2].after["performer_ids"]) == {"2", "new: Dora"}
    assert dora.id_at(ENDPOINT) == "d"
    assert {one.stash_id for one in bob.stash_ids} == {"b", "b2"}
    assert seen == [{"2", dora.id}]
    assert undone.refused == {}
    assert {one.stash_id for one in bob_after.stash_ids} == {"b"}
    assert desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Dora")) == ()


def test_who_is_there_already_is_not_added_and_the_recommendation_is_resolved(desk: Desk) -> None:
    one = desk.recommend(person("Ada", "1"), target="1")
    accepted = desk.do(lambda bench: bench.decisions.accept(one.id))
    assert (accepted.recommendation.status, accepted.recommendation.group) == (Status.RESOLVED, None)


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ([], "none of its people"),
        ([Choice("nobody")], "nobody of it"),
        ([Choice(DORA.person_id)], "not in Stash"),
        ([Choice(CID.person_id), Choice(CID.person_id)], "twice"),
        ([Choice(CID.person_id, performer_id="1", create={"name": "Cid"})], "cannot be created"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused_and_nothing_written(
    desk: Desk, choices: list[Choice], reason: str
) -> None:
    one = desk.recommend(CID, DORA)
    before = snapshot(desk.stash)
    with pytest.raises(RecommendationChoiceInvalid, match=reason):
        desk.do(lambda bench: bench.decisions.accept(one.id, choices))
    assert snapshot(desk.stash) == before
    assert now(desk, one).status is Status.PENDING


def test_when_the_scene_or_the_performer_is_gone_it_stays_pending(desk: Desk) -> None:
    for one in (desk.recommend(CID, target="99"), desk.recommend(person("Eva", "77"), target="3")):
        with pytest.raises(StashIdUnknown):
            desk.do(lambda bench, one=one: bench.decisions.accept(one.id))  # type: ignore[misc]
        assert now(desk, one).status is Status.PENDING


def test_when_stash_stays_locked_it_stays_pending_and_can_be_accepted_later(desk: Desk) -> None:
    one = desk.recommend(CID)
    desk.stash.faults.add("locked:3")
    with pytest.raises(StashDatabaseLocked):
        desk.do(lambda bench: bench.decisions.accept(one.id))
    assert now(desk, one).status is Status.PENDING
    assert desk.do(lambda bench: bench.decisions.accept(one.id)).performer_ids == ("3",)


def test_where_stash_refuses_in_the_middle_the_rest_goes_on_in_the_same_group(desk: Desk) -> None:
    one = desk.recommend(DORA, BOB)
    namesake = Choice(BOB.person_id, create={"name": "Cid"})

    async def work(bench: Bench) -> Any:
        with pytest.raises(RecommendationPartlyAccepted, match="only in part: Stash has somebody of the name 'Cid'"):
            await bench.decisions.accept(one.id, [Choice(DORA.person_id, create={"name": "Dora"}), namesake])
        (dora,) = await bench.client.reader.named(PERFORMERS, "Dora")
        begun = now(desk, one)
        choices = [Choice(DORA.person_id, performer_id=dora.id), Choice(BOB.person_id)]
        accepted = await bench.decisions.accept(one.id, choices)
        return begun, accepted.recommendation, await bench.decisions.undo(begun.group or "")

    begun, accepted, undone = desk.do(work)
    assert (begun.status, begun.group) == (Status.PENDING, accepted.group)
    assert ([entry.operation for entry in desk.entries(accepted.group)]) == [Operation.CREATE, Operation.ADD]
    assert (len(undone.entries), undone.refused) == (2, {})
    assert desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Dora")) == ()
    assert now(desk, one).status is Status.PENDING


def test_of_many_an_error_that_only_one_has_stops_no_other_and_one_of_stash_does(desk: Desk) -> None:
    ones = [desk.recommend(CID, target="99"), desk.recommend(CID, target="2"), desk.recommend(CID, target="3")]
    desk.stash.faults.add("locked:3")
    told = list(desk.do(lambda bench: bench.decisions.accept_many([one.id for one in ones])).values())
    assert [type(result) for result in told] == [StashIdUnknown, StashDatabaseLocked, StashDatabaseLocked]


def test_where_the_process_ends_after_the_write_all_of_it_can_still_be_undone(desk: Desk) -> None:
    one, store = desk.recommend(CID), desk.recommendations

    class Ended:
        """The process has ended before the recommendation was resolved."""

        def __getattr__(self, name: str) -> Any:
            if name == "resolve":
                raise Gone
            return getattr(store, name)

    desk.recommendations = cast("Any", Ended())
    with pytest.raises(Gone):
        desk.do(lambda bench: bench.decisions.accept(one.id))
    desk.recommendations = store

    async def work(bench: Bench) -> Any:
        accepted = await bench.decisions.accept(one.id)
        await bench.decisions.undo(accepted.recommendation.group or "")
        return accepted.recommendation, await bench.performers_of("2")

    accepted, there = desk.do(work)
    assert (accepted.status, len(desk.entries(accepted.group)), there) == (Status.RESOLVED, 1, [set()])
    assert now(desk, one).status is Status.PENDING


def test_what_is_dismissed_does_not_come_back_and_can_be_reopened(desk: Desk) -> None:
    one = desk.recommend(CID)
    dismiss(desk.recommendations, one.id, "not him")
    assert desk.recommend(CID).status is Status.DISMISSED
    with pytest.raises(RecommendationSettled, match="dismissed"):
        desk.do(lambda bench: bench.decisions.accept(one.id))
    assert reopen(desk.recommendations, one.id).status is Status.PENDING
    desk.do(lambda bench: bench.decisions.accept(one.id))
    with pytest.raises(RecommendationSettled, match="resolved"):
        dismiss(desk.recommendations, one.id)


def test_there_has_to_be_one(desk: Desk) -> None:
    with pytest.raises(RecommendationUnknown):
        desk.do(lambda bench: bench.decisions.accept(5))
    for what in (dismiss, reopen):
        with pytest.raises(RecommendationUnknown):
            what(desk.recommendations, 5)


@pytest.mark.parametrize("details", [{"schema": 9}, {}, {"schema": 1, "title": 3}])
def test_what_another_version_wrote_is_not_accepted(desk: Desk, details: dict[str, Any]) -> None:
    new = NewRecommendation("unidentified_scene", Target("scene", "2"), "x", details, 0.5)
    (submitted,) = desk.recommendations.submit([new])
    assert submitted.became is Became.NEW
    with pytest.raises(RecommendationUnreadable):
        desk.do(lambda bench: bench.decisions.accept(submitted.id))
