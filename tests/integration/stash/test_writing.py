import base64
import json
from typing import Any

import pytest
from tests.scripted_server import Asked, Told, graphql, scripted
from tests.stash_library import AT, ENDPOINT, asked, dated, library, scene, snapshot

from stash_sense.adapters.stash.client import StashClient
from stash_sense.errors import (
    StashIdUnknown,
    StashNameTaken,
    StashReferenceUnknown,
    StashRefused,
    StashUnreachable,
    StashWriteUncertain,
)
from stash_sense.fakes.stash.server import simulated_stash
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, TAGS, Kind
from stash_sense.library.server import JobState
from stash_sense.library.writing import Change, Mode, Outcome

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PICTURE = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
PROFILES = ["recorded", "0.30", "0.31"]


@pytest.mark.parametrize("kind", [SCENES, IMAGES, GALLERIES], ids=lambda kind: kind.plural)
def test_performers_and_tags_are_added_to_and_taken_from_many(kind: Kind[Any]) -> None:
    async def work(client: StashClient) -> list[tuple[set[str], set[str]]]:
        seen = []
        for change in (
            Change(performer_ids=("3", "2"), tag_ids=("2",)),
            Change(performer_ids=("3",), mode=Mode.REMOVE),
            Change(performer_ids=("3",), mode=Mode.SET, organized=True),
        ):
            outcome = await client.writer.change_many(kind, ["1"], change)
            assert outcome == Outcome(("1",))
            found = await client.reader.one(kind, "1")
            assert found is not None
            seen.append((set(found.performer_ids), set(found.tag_ids)))
            organized = found.organized
        assert organized
        return seen

    alone = {**library(), "scenes": [{**scene(2), "id": "1"}]}
    with simulated_stash(library=alone) as stash:
        assert asked(stash.url, work) == [({"2", "3"}, {"2"}), ({"2"}, {"2"}), ({"3"}, {"2"})]


def test_an_unknown_scene_keeps_nobody_else_from_being_changed() -> None:
    async def work(client: StashClient) -> tuple[Outcome, Any]:
        outcome = await client.writer.change_many(SCENES, ["1", "99", "3", "98", "1"], Change(performer_ids=("2",)))
        return outcome, await client.reader.by_ids(SCENES, ["1", "2", "3"])

    with simulated_stash(library=library()) as stash:
        outcome, scenes = asked(stash.url, work)
    assert outcome.done == ("1", "3")
    assert {id_: error.code for id_, error in outcome.refused.items()} == dict.fromkeys(
        ("99", "98"), "stash_id_unknown"
    )
    assert [("2" in scenes[id_].performer_ids) for id_ in ("1", "2", "3")] == [True, False, True]


def test_an_unknown_performer_is_named_and_nothing_is_changed() -> None:
    with simulated_stash(library=library()) as stash:
        before = snapshot(stash)
        with pytest.raises(StashIdUnknown) as caught:
            asked(
                stash.url, lambda client: client.writer.change_many(SCENES, ["1", "2"], Change(performer_ids=("77",)))
            )
        assert snapshot(stash) == before
    assert "performer 77" in str(caught.value)


def test_one_that_is_deleted_in_the_very_moment_is_told_and_the_others_are_changed() -> None:
    """The server says that all of them are there, and refuses those changes that 2 is in."""

    def script(request: Asked) -> Told:
        if "BulkUpdate" in request.query:
            asked_for = request.variables["input"]["ids"]
            if "2" in asked_for:
                return graphql({"bulkSceneUpdate": None}, "INSERT …: FOREIGN KEY constraint failed")
            return graphql({"bulkSceneUpdate": [{"id": id_} for id_ in asked_for]})
        name = "findScenes" if "findScenes" in request.query else "findPerformers"
        rows = [{"id": id_} for id_ in request.variables["ids"]]
        return graphql({name: {name.removeprefix("find").lower(): rows}})

    with scripted(script) as server:
        outcome = asked(
            server.url,
            lambda client: client.writer.change_many(SCENES, ["1", "2", "3"], Change(performer_ids=("1",))),
        )
    assert outcome.done == ("1", "3")
    assert isinstance(outcome.refused["2"], StashReferenceUnknown)


def test_what_was_done_is_told_when_stash_is_lost_in_the_middle() -> None:
    calls = []

    def script(request: Asked) -> Told:
        calls.append(request.variables["input"]["ids"])
        if len(calls) == 2:
            return Told(502)
        if len(calls) > 2:
            return graphql(None, "beginning transaction: database is locked")
        return graphql({"bulkSceneUpdate": []})

    ids = [str(number) for number in range(1, 351)]
    with scripted(script) as server:
        outcome = asked(server.url, lambda client: client.writer.change_many(SCENES, ids, Change(tag_ids=("1",))))
    assert outcome.done == tuple(ids[:100])
    assert isinstance(outcome.refused["101"], StashWriteUncertain)
    assert outcome.refused["201"].code == outcome.refused["350"].code == "stash_database_locked"
    assert len(outcome.refused) == 250
    assert [len(call) for call in calls[:2]] == [100, 100]


def test_what_was_done_one_by_one_is_told_when_stash_is_lost_in_between() -> None:
    """2 was deleted in this moment, 3 gets no answer, 4 comes too late."""
    lost: dict[str, Told] = {"3": Told(502), "4": graphql(None, "beginning transaction: database is locked")}

    def script(request: Asked) -> Told:
        if "BulkUpdate" in request.query:
            asked_for = request.variables["input"]["ids"]
            if "2" in asked_for:
                return graphql({"bulkSceneUpdate": None}, "INSERT …: FOREIGN KEY constraint failed")
            return lost.get(asked_for[0], graphql({"bulkSceneUpdate": []}))
        name = "findScenes" if "findScenes" in request.query else "findPerformers"
        return graphql({name: {name.removeprefix("find").lower(): [{"id": id_} for id_ in request.variables["ids"]]}})

    ids = ["1", "2", "3", "4", "5"]
    with scripted(script) as server:
        outcome = asked(
            server.url, lambda client: client.writer.change_many(SCENES, ids, Change(performer_ids=("1",)))
        )
    assert outcome.done == ("1",)
    assert {id_: error.code for id_, error in outcome.refused.items()} == {
        "2": "stash_reference_unknown",
        "3": "stash_write_uncertain",
        "4": "stash_database_locked",
        "5": "stash_database_locked",
    }


def test_a_write_whose_answer_makes_no_sense_may_have_happened() -> None:
    with scripted(lambda _: graphql({"tagCreate": {"id": "7"}})) as server, pytest.raises(StashWriteUncertain):
        asked(server.url, lambda client: client.writer.create_tag({"name": "New"}))
    assert len(server.asked) == 1


def test_a_write_of_which_only_the_answer_failed_is_not_done_again() -> None:
    body = {
        "data": {"performerCreate": None},
        "errors": [{"message": "database is locked", "path": ["performerCreate", "tags"]}],
    }

    def script(request: Asked) -> Told:
        return graphql({}) if "query Features" in request.query else Told(body=json.dumps(body).encode())

    with scripted(script) as server, pytest.raises(StashWriteUncertain):
        asked(server.url, lambda client: client.writer.create_performer({"name": "New"}))
    assert len([request for request in server.asked if "mutation Create" in request.query]) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_the_destination_of_a_merge_is_not_destroyed_where_it_is_named_among_the_others(profile: str) -> None:
    async def work(client: StashClient) -> list[Any]:
        return [
            await client.writer.merge_performers(["1", "2", "2"], "1", {}),
            await client.writer.merge_scenes(["2", "1"], "1", {}),
            await client.writer.merge_tags(["1", "2"], "1", {}),
        ]

    with simulated_stash(library=library(), profile=profile) as stash:
        assert [merged.id for merged in asked(stash.url, work)] == ["1", "1", "1"]


@pytest.mark.parametrize("merge", ["merge_performers", "merge_scenes", "merge_tags"])
def test_one_cannot_be_merged_into_itself(merge: str) -> None:
    with simulated_stash(library=library()) as stash:
        before = snapshot(stash)
        with pytest.raises(ValueError, match="nothing to merge"):
            asked(stash.url, lambda client: getattr(client.writer, merge)(["1"], "1", {}))
        assert snapshot(stash) == before


def test_fields_that_are_not_named_stay_and_none_clears() -> None:
    async def work(client: StashClient) -> Any:
        await client.writer.update(PERFORMERS, "1", {"details": "told", "gender": "FEMALE", "rating100": 80})
        return await client.writer.update(PERFORMERS, "1", {"gender": None, "alias_list": ["One"]})

    with simulated_stash(library=library()) as stash:
        found = asked(stash.url, work)
    assert (found.details, found.gender, found.rating100, found.aliases) == ("told", "", 80, ("One",))
    assert found.urls == ("https://example.org/ada",)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": "ada example"}, StashNameTaken),
        ({"name": " "}, StashRefused),
        ({"name": "New", "gender": "QUEEN"}, StashRefused),
        ({"name": "New", "birthdate": "yesterday"}, StashRefused),
        ({"name": "New", "tag_ids": ["99"]}, StashReferenceUnknown),
        ({"name": "New", "nonsense": 1}, StashRefused),
    ],
)
def test_what_stash_does_not_take_is_told_and_nothing_is_added(
    fields: dict[str, Any], error: type[Exception]
) -> None:
    with simulated_stash(library=library()) as stash:
        before = snapshot(stash)
        with pytest.raises(error):
            asked(stash.url, lambda client: client.writer.create_performer(fields))
        assert snapshot(stash) == before


def test_a_tag_whose_name_is_taken_is_told_so() -> None:
    with simulated_stash(library=library()) as stash, pytest.raises(StashNameTaken):
        asked(stash.url, lambda client: client.writer.create_tag({"name": "outdoor"}))


@pytest.mark.parametrize("kind", [SCENES, PERFORMERS, TAGS], ids=lambda kind: kind.plural)
def test_one_that_is_not_there_cannot_be_changed(kind: Kind[Any]) -> None:
    with simulated_stash(library=library()) as stash, pytest.raises(StashIdUnknown):
        asked(stash.url, lambda client: client.writer.update(kind, "99", {"details": "x"} if kind != TAGS else {}))


@pytest.mark.parametrize("profile", PROFILES)
def test_merged_performers_keep_what_each_of_them_had(profile: str) -> None:
    people = [
        dated(
            AT,
            id="1",
            name="Ada",
            aliases=["A."],
            urls=["https://x/ada"],
            details="Hers",
            tags=[{"id": "1"}],
            custom_fields={"shoe": 38},
            stash_ids=[{"endpoint": ENDPOINT, "stash_id": "a", "updated_at": AT}],
        ),
        dated(
            AT,
            id="2",
            name="Adah",
            aliases=["a.", "ADA", "Adele"],
            urls=["https://x/adah", "https://x/ada"],
            details="Theirs",
            gender="FEMALE",
            country="GB",
            favorite=True,
            tags=[{"id": "2"}],
            custom_fields={"shoe": 40, "hat": "M"},
            stash_ids=[{"endpoint": ENDPOINT, "stash_id": "b", "updated_at": AT}],
        ),
        dated(AT, id="3", name="Someone else"),
    ]
    with_both = {**scene(3), "performers": [{"id": "2"}, {"id": "3"}]}

    async def work(client: StashClient) -> tuple[Any, Any]:
        await client.writer.update(PERFORMERS, "2", {"image": PICTURE})
        await client.writer.change_many(IMAGES, ["2"], Change(performer_ids=("2",)))
        merged = await client.writer.merge_performers(["2"], "1", {"hair_color": "Red"})
        there = await client.reader.by_ids(SCENES, ["1", "3"]), await client.reader.by_ids(IMAGES, ["2"])
        assert await client.reader.one(PERFORMERS, "2") is None
        assert (await client.media.picture(merged.picture)).content == PNG
        return merged, there

    document = {**library(1), "performers": people}
    document["scenes"] = [*document["scenes"], with_both]
    with simulated_stash(library=document, profile=profile) as stash:
        merged, (scenes, images) = asked(stash.url, work)
    assert (merged.name, merged.aliases) == ("Ada", ("A.", "Adah", "Adele"))
    assert merged.urls == ("https://x/ada", "https://x/adah")
    assert (merged.details, merged.gender, merged.country, merged.hair_color) == ("Hers", "FEMALE", "GB", "Red")
    assert {found.stash_id for found in merged.stash_ids} == {"a", "b"}
    assert set(merged.tag_ids) == {"1", "2"}
    assert dict(merged.custom_fields) == {"shoe": 38, "hat": "M"}
    assert merged.favorite
    assert set(scenes["3"].performer_ids) == {"1", "3"}
    assert images["2"].performer_ids == ("1",)


@pytest.mark.parametrize("profile", PROFILES)
def test_merged_scenes_keep_what_each_of_them_had(profile: str) -> None:
    async def work(client: StashClient) -> Any:
        await client.writer.update(
            SCENES,
            "2",
            {
                "performer_ids": ["2"],
                "tag_ids": ["2"],
                "urls": ["https://x/2"],
                "details": "Of the second",
                "title": "Another title",
                "stash_ids": [{"endpoint": ENDPOINT, "stash_id": "s2"}],
            },
        )
        return await client.writer.merge_scenes(["2"], "1", {})

    with simulated_stash(library=library(), profile=profile) as stash:
        merged = asked(stash.url, work)
    assert (merged.title, merged.details) == ("Scene 1", "Of the second")
    assert (set(merged.performer_ids), set(merged.tag_ids)) == ({"1", "2"}, {"1", "2"})
    assert (merged.studio_id, merged.gallery_ids, merged.urls) == ("1", ("1",), ("https://x/2",))
    assert [found.stash_id for found in merged.stash_ids] == ["s2"]
    assert [file.path for file in merged.files] == ["/library/scene 1.mp4", "/library/scene 2.mp4"]


def test_a_tag_that_carries_its_own_name_as_an_alias_is_merged_all_the_same() -> None:
    async def work(client: StashClient) -> Any:
        await client.writer.update(TAGS, "2", {"aliases": ["Beach", "Shore"], "description": "Sand"})
        merged = await client.writer.merge_tags(["2"], "1", {})
        assert await client.reader.one(TAGS, "2") is None
        return merged

    with simulated_stash(library=library()) as stash:
        merged = asked(stash.url, work)
    assert (merged.name, set(merged.aliases), merged.description) == ("Outdoor", {"Beach", "Shore"}, "Sand")


@pytest.mark.parametrize(("sources", "destination"), [(["99"], "1"), (["1"], "99")])
def test_who_is_not_there_is_named_before_anything_is_merged(sources: list[str], destination: str) -> None:
    with simulated_stash(library=library()) as stash:
        before = snapshot(stash)
        for merge in ("merge_performers", "merge_scenes", "merge_tags"):
            with pytest.raises(StashIdUnknown):
                asked(stash.url, lambda client, merge=merge: getattr(client.writer, merge)(sources, destination, {}))  # type: ignore[misc]
        assert snapshot(stash) == before


def test_the_outcome_of_a_merge_is_not_known_when_it_cannot_be_read() -> None:
    def script(request: Asked) -> Told:
        if "mutation" in request.query:
            return graphql({"tagsMerge": {"id": "1"}})
        if len(server.asked) > 2:
            return Told(404)
        tag = {
            **dict.fromkeys(("name", "sort_name", "description"), ""),
            **{name: [] for name in ("aliases", "parents", "stash_ids")},
            **dict.fromkeys(("created_at", "updated_at"), AT),
            **dict.fromkeys(("favorite", "ignore_auto_tag"), False),
            "scene_count": 0,
        }
        return graphql({"findTags": {"tags": [{**tag, "id": id_} for id_ in request.variables["ids"]]}})

    with scripted(script) as server, pytest.raises(StashWriteUncertain):
        asked(server.url, lambda client: client.writer.merge_tags(["2"], "1", {}))


@pytest.mark.parametrize("kind", [SCENES, IMAGES, GALLERIES, PERFORMERS, TAGS], ids=lambda kind: kind.plural)
def test_what_is_destroyed_is_gone(kind: Kind[Any]) -> None:
    async def work(client: StashClient) -> Any:
        await client.writer.destroy(kind, [])
        await client.writer.destroy(kind, ["1"])
        return await client.reader.one(kind, "1")

    with simulated_stash(library=library()) as stash:
        assert asked(stash.url, work) is None


def test_files_are_destroyed_only_of_those_that_have_any() -> None:
    with simulated_stash(library=library()) as stash, pytest.raises(ValueError, match="no files"):
        asked(stash.url, lambda client: client.writer.destroy(TAGS, ["1"], files=True))


def test_a_job_is_started_followed_and_stopped() -> None:
    async def work(client: StashClient) -> list[Any]:
        job = await client.jobs.generate(["1"], phashes=False)
        seen = [await client.jobs.job(job), *await client.jobs.jobs()]
        await client.jobs.stop_job(job)
        await client.jobs.stop_job("99")
        assert await client.jobs.job("99") is None
        return [job, *(found.id for found in seen if found)]

    with simulated_stash(library=library(), job_pause=0.2) as stash:
        job, *seen = asked(stash.url, work)
    assert set(seen) == {job}


def test_an_ended_job_says_so() -> None:
    assert JobState.FINISHED.has_ended
    assert not JobState.STOPPING.has_ended


def test_a_group_that_cannot_be_sent_is_told_for_each() -> None:
    outcome = asked(
        "http://127.0.0.1:1", lambda client: client.writer.change_many(SCENES, ["1", "2"], Change(tag_ids=("1",)))
    )
    assert outcome.done == ()
    assert [type(error) for error in outcome.refused.values()] == [StashUnreachable] * 2
