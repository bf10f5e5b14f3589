"""What scenes take, in ones and in bulks, and what becomes of their files."""

import pytest
from tests.integration.fakes.stash_changes.asking import Asking


def performers(stash: Asking, scene: str = "1") -> list[str]:
    return [each["id"] for each in stash.see("scene", scene, "performers{id}")["performers"]]


def test_every_update_moves_updated_at_even_when_it_changes_nothing(stash: Asking) -> None:
    stash.update("scene", id="1", title="First")
    stash.clock.pass_seconds(1)
    stash.update("scene", id="1", title="First")
    assert stash.see("scene", "1", "updated_at") == {"updated_at": "2026-01-02T14:04:06+11:00"}

    stash.clock.pass_seconds(1)
    stash.bulk("scene", ids=["1"], performer_ids={"ids": [], "mode": "REMOVE"})
    assert stash.see("scene", "1", "updated_at") == {"updated_at": "2026-01-02T14:04:07+11:00"}


def test_performers_are_added_once_and_removed_whether_they_were_there_or_not(stash: Asking) -> None:
    ada, bob, cid = (stash.make("performer", "id", name=name)["id"] for name in ("Ada", "Bob", "Cid"))

    stash.bulk("scene", ids=["1", "2"], performer_ids={"ids": [bob, ada], "mode": "ADD"})
    stash.bulk("scene", ids=["1"], performer_ids={"ids": [ada], "mode": "ADD"})
    assert performers(stash) == performers(stash, "2") == [ada, bob]

    stash.bulk("scene", ids=["1"], performer_ids={"ids": [cid, ada], "mode": "REMOVE"})
    assert performers(stash) == [bob]

    stash.bulk("scene", ids=["1"], performer_ids={"ids": [cid], "mode": "SET"})
    assert performers(stash) == [cid]

    stash.bulk("scene", ids=["1"], performer_ids=None)
    assert performers(stash) == [cid]

    stash.update("scene", id="1", performer_ids=None)
    assert performers(stash) == []


@pytest.mark.parametrize("unknown", [{"ids": ["1"], "other": "99"}, {"ids": ["1", "99"], "other": None}])
def test_one_unknown_scene_or_performer_spoils_a_bulk(stash: Asking, unknown: dict[str, object]) -> None:
    ada = stash.make("performer", "id", name="Ada")["id"]
    added = {"ids": [ada, unknown["other"]] if unknown["other"] else [ada], "mode": "ADD"}

    refusal = stash.bulk_refused("scene", ids=unknown["ids"], performer_ids=added)

    assert refusal.startswith("error executing `INSERT INTO performers_scenes")
    assert refusal.endswith("FOREIGN KEY constraint failed")
    assert performers(stash) == []


def test_a_bulk_of_plain_values_on_an_unknown_scene_finds_no_row(stash: Asking) -> None:
    assert stash.bulk_refused("scene", ids=["1", "99"], title="x") == "sql: no rows in result set"
    assert stash.see("scene", "1", "title") == {"title": ""}


def test_an_unknown_scene_studio_or_date_is_refused(stash: Asking) -> None:
    assert stash.update_refused("scene", id="99", title="x") == "scene with id 99 not found"
    assert stash.update_refused("scene", id="1", studio_id="99").endswith("FOREIGN KEY constraint failed")
    assert stash.update_refused("scene", id="1", date="yesterday").startswith("converting date: failed to parse date")


def test_values_are_cleared_by_null_and_by_nothing(stash: Asking) -> None:
    studio = stash.make("studio", "id", name="House")["id"]
    stash.update("scene", id="1", title="T", urls=["https://a.example"], date="2020", studio_id=studio, rating100=5)

    stash.update("scene", id="1", title="", urls=[], date=None, studio_id=None, rating100=None)

    assert stash.see("scene", "1", "title urls date studio{id} rating100") == {
        "title": "",
        "urls": [],
        "date": None,
        "studio": None,
        "rating100": None,
    }


def test_scenes_are_updated_each_in_its_way_or_none_is(stash: Asking) -> None:
    many = "mutation($i:[SceneUpdateInput!]!){scenesUpdate(input:$i){title}}"

    titles = stash.ask(many, i=[{"id": "1", "title": "a"}, {"id": "2", "title": "b"}])
    assert titles == [{"title": "a"}, {"title": "b"}]

    assert stash.refused(many, i=[{"id": "1", "title": "c"}, {"id": "99"}]) == "scene with id 99 not found"
    assert stash.see("scene", "1", "title") == {"title": "a"}


def test_a_scene_needs_a_title_or_a_file(stash: Asking) -> None:
    assert stash.make_refused("scene", code="x") == "title must be set if scene has no files"
    assert stash.make("scene", "title files{id}", title="Planned") == {"title": "Planned", "files": []}


def test_a_scene_that_is_destroyed_leaves_its_files_known_unless_they_go_too(stash: Asking) -> None:
    kept, gone = (stash.state.tables["scenes"][one]["files"][0] for one in (1, 2))
    destroy = "mutation($i:ScenesDestroyInput!){scenesDestroy(input:$i)}"

    assert stash.ask(destroy, i={"ids": ["1"], "delete_file": False, "delete_generated": True}) is True
    assert stash.ask(destroy, i={"ids": ["2"], "delete_file": True}) is True

    assert stash.see("scene", "1", "id") is None
    assert kept in stash.state.tables["files"]
    assert gone not in stash.state.tables["files"]


def test_scenes_are_destroyed_all_or_none(stash: Asking) -> None:
    destroy = "mutation{scenesDestroy(input:{ids:[1,99]})}"

    assert stash.refused(destroy) == "scene with id 99 not found"
    assert stash.see("scene", "1", "id") == {"id": "1"}


def test_a_second_file_can_be_made_first_given_away_and_deleted_but_no_first_one(stash: Asking) -> None:
    own, other = (str(stash.state.tables["scenes"][one]["files"][0]) for one in (1, 2))
    assign = "mutation($i:AssignSceneFileInput!){sceneAssignFile(input:$i)}"
    assert stash.refused(assign, i={"scene_id": "1", "file_id": other}) == "cannot reassign primary file"
    extra = str(stash.add_file("/library/extra.mp4"))

    assert stash.ask(assign, i={"scene_id": "1", "file_id": extra}) is True
    assert stash.see("scene", "1", "files{id}") == {"files": [{"id": own}, {"id": extra}]}

    assert stash.update_refused("scene", id="1", primary_file_id=other) == (
        f"file with id {other} not associated with scene"
    )
    stash.update("scene", id="1", primary_file_id=extra)
    assert stash.see("scene", "1", "files{id}") == {"files": [{"id": extra}, {"id": own}]}

    delete = "mutation($ids:[ID!]!){deleteFiles(ids:$ids)}"
    assert stash.refused(delete, ids=[own, extra]) == "cannot delete primary file /library/extra.mp4"
    assert stash.ask(delete, ids=[own]) is True
    assert stash.see("scene", "1", "files{id}") == {"files": [{"id": extra}]}
