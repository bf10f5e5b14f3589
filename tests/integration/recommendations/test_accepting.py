"""What accepting does besides adding who is in Stash: galleries with images, performers made, pictures given."""

from typing import Any

import pytest
from tests.integration.recommendations.desk import PNG, Bench, Box, Desk, address_of, person
from tests.stash_library import ENDPOINT, snapshot
from tests.unit.recommendations.people import at_box

from stash_sense.errors import (
    InputUnreadable,
    PerformerLinked,
    PerformerNamed,
    PerformerNotThere,
    RecommendationChoiceInvalid,
    StashBoxUnknown,
    StashIdUnknown,
)
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES
from stash_sense.library.media import StashId
from stash_sense.library.writing import Change, Mode
from stash_sense.recommendations.choosing import Choice
from stash_sense.recommendations.journal.entry import Operation
from stash_sense.recommendations.journal.store import JournalQuery
from stash_sense.recommendations.recommendation import Status
from stash_sense.recommendations.unidentified import UNIDENTIFIED_GALLERY, SeenAt
from stash_sense.stashbox.entities import Picture

CID, DORA = person("Cid", "3"), person("Dora", endpoint=ENDPOINT, stash_id="d-1")
FROM_BOX = [Choice(DORA.person_id, create_from_stashbox=True)]
AT_BOX = at_box(id="d-1", name="Dora", country="NL", band_size=34, cup_size="C")


async def in_images(bench: Bench) -> list[set[str]]:
    images = await bench.client.reader.by_ids(IMAGES, ["1", "2"])
    return [set(images[id_].performer_ids) for id_ in ("1", "2")]


def test_people_of_a_gallery_are_added_to_the_images_they_are_seen_in_and_all_of_it_undone(desk: Desk) -> None:
    one = desk.recommend(
        person("Cid", "3", image_ids=("1", "2", "77")),
        person("Bob", "2", seen=(SeenAt(image_id="2", box=(1, 2, 30, 40)),)),
        target="1",
        type_=UNIDENTIFIED_GALLERY,
    )

    async def work(bench: Bench) -> Any:
        accepted = await bench.decisions.accept(one.id)
        gallery = await bench.client.reader.one(GALLERIES, "1")
        there = await in_images(bench)
        undone = await bench.decisions.undo(accepted.recommendation.group or "")
        return accepted, gallery, there, undone, await in_images(bench)

    accepted, gallery, there, undone, after = desk.do(work)
    assert {"3", "2"} <= set(gallery.performer_ids)
    assert there == [{"3"}, {"2", "3"}]
    assert accepted.notes == ("image 77 is not in Stash any more, and Cid was not added there.",)
    assert undone.refused == {}
    assert after == [set(), set()]


def test_the_images_of_a_gallery_may_be_left_alone(desk: Desk) -> None:
    one = desk.recommend(person("Cid", "3", image_ids=("1",)), target="1", type_=UNIDENTIFIED_GALLERY)
    desk.do(lambda bench: bench.decisions.accept(one.id, images=False))
    assert desk.do(in_images) == [set(), set()]


def test_a_performer_is_made_as_the_stash_box_has_it_added_and_undone_in_one_step(desk: Desk) -> None:
    desk.boxes[ENDPOINT] = Box(AT_BOX)
    one = desk.recommend(DORA)

    async def work(bench: Bench) -> Any:
        before = snapshot(desk.stash)
        planned = await bench.decisions.accept(one.id, FROM_BOX, dry=True)
        assert snapshot(desk.stash) == before
        accepted = await bench.decisions.accept(one.id, FROM_BOX)
        (dora,) = await bench.client.reader.named(PERFORMERS, "Dora")
        there = await bench.performers_of("2")
        undone = await bench.decisions.undo(accepted.recommendation.group or "")
        return planned, accepted, dora, there, undone

    planned, accepted, dora, there, undone = desk.do(work)
    assert [(one.operation, one.target_id) for one in planned.intents] == [
        (Operation.CREATE, ""),
        (Operation.ADD, "2"),
    ]
    assert (dora.country, dora.measurements, dora.stash_ids) == ("NL", "34C", (StashId(ENDPOINT, "d-1"),))
    assert (accepted.performer_ids, there) == ((dora.id,), [{dora.id}])
    assert undone.refused == {}
    assert desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Dora")) == ()


def test_a_person_is_known_at_a_stash_box_by_the_universal_id(desk: Desk) -> None:
    desk.boxes[ENDPOINT] = Box(at_box(id="eva", name="Eva"))
    one = desk.recommend(person("Eva"))
    desk.do(lambda bench: bench.decisions.accept(one.id, [Choice("stashbox.example:eva", create_from_stashbox=True)]))
    (eva,) = desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Eva"))
    assert eva.id_at(ENDPOINT) == "eva"


def test_who_has_the_id_already_is_taken_and_no_twin_is_made(desk: Desk) -> None:
    desk.boxes[ENDPOINT] = Box(at_box(id="b", name="Bob Another"))
    one = desk.recommend(person("Bob", endpoint=ENDPOINT, stash_id="b"))
    choices = [Choice("stashbox.example:bob", create_from_stashbox=True)]
    assert desk.do(lambda bench: bench.decisions.accept(one.id, choices)).performer_ids == ("2",)
    assert desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Bob Another")) == ()


def test_who_was_merged_at_the_stash_box_is_the_one_that_is_left(desk: Desk) -> None:
    desk.boxes[ENDPOINT] = Box(
        at_box(id="d-1", name="Dora", deleted=True, merged_into="d-2"), at_box(id="d-2", name="Dora D.")
    )
    one = desk.recommend(DORA)
    desk.do(lambda bench: bench.decisions.accept(one.id, FROM_BOX))
    (dora,) = desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Dora D."))
    assert dora.id_at(ENDPOINT) == "d-2"


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ((), "nobody has that id"),
        ((at_box(id="d-1", deleted=True),), "deleted"),
        ((at_box(id="d-1", deleted=True, merged_into="d-9"),), "deleted"),
        ((at_box(id="d-1", name=" "),), "no name"),
    ],
)
def test_who_is_not_at_the_stash_box_is_not_made(desk: Desk, there: tuple[Any, ...], reason: str) -> None:
    desk.boxes[ENDPOINT] = Box(*there)
    one = desk.recommend(DORA)
    with pytest.raises(PerformerNotThere, match=reason):
        desk.do(lambda bench: bench.decisions.accept(one.id, FROM_BOX))
    assert desk.journal.unsettled() == []


def test_a_stash_box_that_is_not_set_up_is_named(desk: Desk) -> None:
    one = desk.recommend(DORA)
    with pytest.raises(StashBoxUnknown):
        desk.do(lambda bench: bench.decisions.accept(one.id, FROM_BOX))


def test_before_a_namesake_is_made_the_user_is_asked(desk: Desk) -> None:
    desk.boxes[ENDPOINT] = Box(at_box(id="d-1", name="ada example", disambiguation="another one"))
    one = desk.recommend(DORA)
    with pytest.raises(PerformerNamed, match="performer 1, Ada Example") as caught:
        desk.do(lambda bench: bench.decisions.accept(one.id, FROM_BOX))
    assert caught.value.fields["faults"] == {"1": "Ada Example"}
    choice = Choice(DORA.person_id, create={"name": " ADA example "})
    with pytest.raises(PerformerNamed):
        desk.do(lambda bench: bench.decisions.accept(one.id, [choice]))
    sure = [Choice(DORA.person_id, create_from_stashbox=True, even_if_named=True)]
    (made,) = desk.do(lambda bench: bench.decisions.accept(one.id, sure)).performer_ids
    assert desk.do(lambda bench: bench.performer(made)).disambiguation == "another one"


def test_nobody_is_made_for_a_scene_that_is_gone(desk: Desk) -> None:
    desk.boxes[ENDPOINT] = Box(AT_BOX)
    one = desk.recommend(DORA, target="99")
    with pytest.raises(StashIdUnknown):
        desk.do(lambda bench: bench.decisions.accept(one.id, FROM_BOX))
    assert desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Dora")) == ()


def test_a_picture_that_stash_cannot_fetch_is_left_out_and_told(desk: Desk) -> None:
    picture = Picture("1", "https://nowhere.example/1.jpg", 10, 20)
    desk.boxes[ENDPOINT] = Box(at_box(id="d-1", name="Dora", pictures=(picture,)))
    one = desk.recommend(DORA)
    accepted = desk.do(lambda bench: bench.decisions.accept(one.id, FROM_BOX))
    assert accepted.recommendation.status is Status.RESOLVED
    (note,) = accepted.notes
    assert note.startswith("Dora has no picture yet. ")


def test_an_id_that_another_performer_has_is_not_given_twice(desk: Desk) -> None:
    one = desk.recommend(CID)
    choice = Choice(CID.person_id, link=StashId("stashbox.example", "b"))
    desk.boxes[ENDPOINT] = Box()
    with pytest.raises(PerformerLinked, match="performer 2, Bob_Example"):
        desk.do(lambda bench: bench.decisions.accept(one.id, [choice]))
    assert now_pending(desk, one.id)


def test_the_best_face_becomes_the_picture_of_who_has_none(desk: Desk) -> None:
    seen = (SeenAt(t=12.5, box=(1, 2, 30, 40)), SeenAt(t=40, box=(5, 5, 20, 20)))
    one = desk.recommend(person("Cid", "3", seen=seen))
    choices = [Choice("stashbox.example:cid", portrait=True)]

    async def work(bench: Bench) -> Any:
        accepted = await bench.decisions.accept(one.id, choices)
        cid = await bench.performer("3")
        content = (await bench.client.media.picture(cid.picture)).content
        undone = await bench.decisions.undo(accepted.recommendation.group or "")
        return accepted, content, undone, await bench.performer("3")

    accepted, content, undone, after = desk.do(work)
    assert desk.portraits.asked == [("scene", "2", 12.5, (1, 2, 30, 40))]
    assert (content, accepted.notes, undone.refused) == (desk.portraits.jpeg, (), {})
    assert after.picture == ""


def test_a_face_of_a_gallery_is_cut_out_of_its_image(desk: Desk) -> None:
    seen = (SeenAt(image_id="2", box=(1, 2, 30, 40)),)
    one = desk.recommend(person("Cid", "3", seen=seen), target="1", type_=UNIDENTIFIED_GALLERY)
    planned = desk.do(
        lambda bench: bench.decisions.accept(one.id, [Choice("stashbox.example:cid", portrait=True)], dry=True)
    )
    assert desk.portraits.asked == [("image", "2", None, (1, 2, 30, 40))]
    last = planned.intents[-1]
    assert (last.kind, last.target_id, last.after["image"]["bytes"]) == ("performer", "3", len(desk.portraits.jpeg))


@pytest.mark.parametrize("why", ["pictured", "unreadable", "nowhere"])
def test_who_gets_no_picture_is_added_all_the_same(desk: Desk, why: str) -> None:
    seen = () if why == "nowhere" else (SeenAt(t=1, box=(1, 2, 30, 40)),)
    one = desk.recommend(person("Cid", "3", seen=seen))
    if why == "unreadable":
        desk.portraits.error = InputUnreadable(path="scene 2", reason="gone")

    async def work(bench: Bench) -> Any:
        if why == "pictured":
            await bench.client.writer.update(PERFORMERS, "3", {"image": address_of(PNG)})
        return await bench.decisions.accept(one.id, [Choice("stashbox.example:cid", portrait=True)])

    accepted = desk.do(work)
    assert accepted.performer_ids == ("3",)
    (note,) = accepted.notes
    said = "Cid has a picture in Stash already, which stays." if why == "pictured" else "Cid gets no picture. "
    assert note.startswith(said)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (Choice("folder:x", create_from_stashbox=True), "no stash-box is known"),
        (Choice("stash:7-20261123T000000Z", create_from_stashbox=True), "no stash-box is known"),
        (Choice("folder:x", create={"name": "X"}, create_from_stashbox=True), "one way only"),
        (Choice("folder:x", performer_id="1", create_from_stashbox=True), "cannot be created"),
    ],
)
def test_choices_that_contradict_themselves_are_refused(desk: Desk, choice: Choice, reason: str) -> None:
    one = desk.recommend(person("X").model_copy(update={"person_id": choice.person_id}))
    with pytest.raises(RecommendationChoiceInvalid, match=reason):
        desk.do(lambda bench: bench.decisions.accept(one.id, [choice]))


def test_a_dry_run_is_refused_where_accepting_would_be(desk: Desk) -> None:
    for one in (desk.recommend(CID, target="99"), desk.recommend(person("Eva", "77"), target="3")):
        with pytest.raises(StashIdUnknown):
            desk.do(lambda bench, one=one: bench.decisions.accept(one.id, dry=True))  # type: ignore[misc]


def test_many_are_accepted_as_one_group_each_told_by_itself_and_undone_together(desk: Desk) -> None:
    good, gone, other = desk.recommend(CID), desk.recommend(CID, target="99"), desk.recommend(CID, target="3")

    async def work(bench: Bench) -> Any:
        told = await bench.decisions.accept_many([good.id, gone.id, other.id, good.id, 555], group="ab12")
        there = await bench.performers_of("2", "3")
        undone = await bench.decisions.undo("ab12")
        return told, there, undone, await bench.performers_of("2", "3")

    told, there, undone, after = desk.do(work)
    assert list(told) == [good.id, gone.id, other.id, 555]
    assert [getattr(one, "code", "accepted") for one in told.values()] == [
        "accepted",
        "stash_id_unknown",
        "accepted",
        "recommendation_unknown",
    ]
    assert there == [{"3"}, {"3"}]
    assert (len(undone.entries), undone.refused, after) == (2, {}, [set(), set()])
    assert all(now_pending(desk, one.id) for one in (good, gone, other))


def test_of_many_that_are_undone_in_part_those_are_pending_of_which_all_is_undone(desk: Desk) -> None:
    first, second = desk.recommend(CID), desk.recommend(CID, target="3")

    async def work(bench: Bench) -> Any:
        await bench.decisions.accept_many([first.id, second.id], group="ab12")
        await bench.client.writer.change_many(SCENES, ["3"], Change(performer_ids=("3",), mode=Mode.REMOVE))
        return await bench.decisions.undo("ab12")

    undone = desk.do(work)
    assert [error.code for error in undone.refused.values()] == ["journal_field_changed"]
    assert now_pending(desk, first.id)
    assert not now_pending(desk, second.id)


def test_when_stash_is_locked_for_good_the_others_are_not_tried(desk: Desk) -> None:
    ids = [desk.recommend(CID, target=target).id for target in ("2", "3")]
    desk.stash.faults.add("locked:3")
    told = desk.do(lambda bench: bench.decisions.accept_many(ids))
    assert [getattr(one, "code", "") for one in told.values()] == ["stash_database_locked"] * 2
    assert len(desk.journal.page(JournalQuery())) == 1


def test_a_stash_that_is_locked_for_a_moment_is_waited_for(desk: Desk) -> None:
    one = desk.recommend(CID)
    desk.stash.faults.add("locked:2")
    assert desk.do(lambda bench: bench.decisions.accept(one.id)).performer_ids == ("3",)
    assert desk.stash.faults.struck == 2


def now_pending(desk: Desk, id_: int) -> bool:
    one = desk.recommendations.get(id_)
    return one is not None and one.status is Status.PENDING
