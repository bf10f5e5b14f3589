"""What a merge keeps and what it loses."""

import pytest
from tests.integration.fakes.stash_changes.asking import TINY_PICTURE, Asking

MERGE = {
    "performer": "mutation($i:PerformerMergeInput!){performerMerge(input:$i){id}}",
    "scene": "mutation($i:SceneMergeInput!){sceneMerge(input:$i){id}}",
    "tag": "mutation($i:TagsMergeInput!){tagsMerge(input:$i){id}}",
}
VALUES = "name alias_list urls hair_color custom_fields rating100 stash_ids{stash_id}"


def stash_id(name: str) -> list[dict[str, str]]:
    return [{"endpoint": "https://stashbox.example/graphql", "stash_id": name}]


def two_performers(stash: Asking) -> tuple[str, str]:
    kept = stash.make("performer", "id", name="Ada", alias_list=["A."], stash_ids=stash_id("a"))["id"]
    tag = stash.make("tag", "id", name="Outdoor")["id"]
    gone = stash.make(
        "performer",
        "id",
        name="Bob",
        alias_list=["B."],
        stash_ids=stash_id("b"),
        hair_color="Red",
        urls=["https://b.example"],
        rating100=50,
        image=TINY_PICTURE,
        custom_fields={"a": 1},
        tag_ids=[tag],
    )["id"]
    return kept, gone


def test_a_performer_takes_scenes_images_galleries_and_tags_and_no_values(stash: Asking) -> None:
    kept, gone = two_performers(stash)
    before = stash.see("performer", kept, VALUES)
    for kind in ("scene", "image", "gallery"):
        stash.update(kind, id="1", performer_ids=[gone])
    stash.update("scene", id="2", performer_ids=[kept, gone])
    scene = stash.see("scene", "1", "updated_at")
    stash.clock.pass_seconds(60)

    stash.ask(MERGE["performer"], i={"source": [gone], "destination": kept})

    for kind, one in (("scene", "1"), ("scene", "2"), ("image", "1"), ("gallery", "1")):
        assert stash.see(kind, one, "performers{id}") == {"performers": [{"id": kept}]}
    assert stash.see("performer", kept, VALUES) == before
    assert "default=true" in stash.see("performer", kept, "image_path")["image_path"]
    assert stash.see("performer", kept, "tags{name}") == {"tags": [{"name": "Outdoor"}]}
    assert stash.see("performer", gone, "id") is None
    assert stash.see("scene", "1", "updated_at") == scene
    assert stash.see("performer", kept, "updated_at") == {"updated_at": "2026-01-02T14:05:05+11:00"}


def test_the_answer_of_a_performer_merge_shows_lists_as_they_are_and_values_as_they_were(stash: Asking) -> None:
    kept, gone = two_performers(stash)
    values = {"id": kept, "alias_list": ["A.", "Bob"], "hair_color": "Red"}
    merge = "mutation($i:PerformerMergeInput!){performerMerge(input:$i){alias_list hair_color}}"

    answer = stash.ask(merge, i={"source": [gone], "destination": kept, "values": values})

    assert answer == {"alias_list": ["A.", "Bob"], "hair_color": ""}
    assert stash.see("performer", kept, "alias_list hair_color") == {"alias_list": ["A.", "Bob"], "hair_color": "Red"}


def test_a_performer_merge_does_not_check_the_values(stash: Asking) -> None:
    kept, gone = two_performers(stash)
    values = {"id": kept, "alias_list": ["Ada"]}

    stash.ask(MERGE["performer"], i={"source": [gone], "destination": kept, "values": values})

    assert stash.see("performer", kept, "alias_list") == {"alias_list": ["Ada"]}


def test_a_performer_merge_of_itself_or_of_unknown_ones_is_refused_and_changes_nothing(stash: Asking) -> None:
    kept, gone = two_performers(stash)

    def refusal(source: str, destination: str) -> str:
        return stash.refused(MERGE["performer"], i={"source": [source], "destination": destination})

    assert refusal(kept, kept) == "destination performer cannot be in source list"
    assert refusal("99", kept) == "finding source performers: performer with id 99 not found"
    assert refusal(gone, "99") == "updating performer: sql: no rows in result set"
    assert stash.see("performer", gone, "id") == {"id": gone}


def test_a_scene_takes_files_only_and_keeps_its_first(stash: Asking) -> None:
    first, second = (stash.state.tables["scenes"][one]["files"][0] for one in (1, 2))
    stash.update("scene", id="1", title="Source", urls=["https://a.example"], stash_ids=stash_id("s"), date="2020")

    stash.ask(MERGE["scene"], i={"source": ["1"], "destination": "2"})

    assert stash.see("scene", "1", "id") is None
    assert stash.see("scene", "2", "title urls date stash_ids{stash_id}") == {
        "title": "",
        "urls": [],
        "date": None,
        "stash_ids": [],
    }
    assert stash.see("scene", "2", "files{id}") == {"files": [{"id": str(second)}, {"id": str(first)}]}


def test_a_scene_merge_writes_the_values_and_adds_counts_where_it_is_told_to(stash: Asking) -> None:
    with stash.state.transaction():
        for one in (1, 2):
            stash.state.change("scenes", one).update(play_count=2, o_counter=1)
    values = {"id": "2", "title": "Merged", "primary_file_id": "1"}

    stash.ask(MERGE["scene"], i={"source": ["1"], "destination": "2", "values": values, "play_history": True})

    assert stash.see("scene", "2", "title play_count o_counter") == {
        "title": "Merged",
        "play_count": 4,
        "o_counter": 1,
    }
    assert stash.see("scene", "2", "files{id}")["files"][0] == {"id": "2"}


def test_a_scene_merge_of_itself_is_refused(stash: Asking) -> None:
    refusal = stash.refused(MERGE["scene"], i={"source": ["2"], "destination": "2"})

    assert refusal == "destination scene cannot be in source list"


def test_a_tag_takes_uses_names_stash_ids_parents_and_children(stash: Asking) -> None:
    over = stash.make("tag", "id", name="Over")["id"]
    kept = stash.make("tag", "id", name="TT", aliases=["tt1"], stash_ids=stash_id("t"))["id"]
    gone = stash.make("tag", "id", name="TS", aliases=["ts1"], stash_ids=stash_id("s"), parent_ids=[over])["id"]
    below = stash.make("tag", "id", name="Below", parent_ids=[gone])["id"]
    stash.update("scene", id="1", tag_ids=[gone])
    scene = stash.see("scene", "1", "updated_at")
    stash.clock.pass_seconds(60)

    stash.ask(MERGE["tag"], i={"source": [gone], "destination": kept})

    assert stash.see("tag", kept, "aliases stash_ids{stash_id} parents{id} children{id}") == {
        "aliases": ["TS", "ts1", "tt1"],
        "stash_ids": [{"stash_id": "t"}, {"stash_id": "s"}],
        "parents": [{"id": over}],
        "children": [{"id": below}],
    }
    assert stash.see("scene", "1", "tags{id}") == {"tags": [{"id": kept}]}
    assert stash.see("scene", "1", "updated_at") == scene


def test_a_parent_can_be_merged_into_its_child(stash: Asking) -> None:
    outdoor = stash.make("tag", "id", name="Outdoor")["id"]
    beach = stash.make("tag", "id", name="Beach", parent_ids=[outdoor])["id"]

    stash.ask(MERGE["tag"], i={"source": [outdoor], "destination": beach})

    assert stash.see("tag", beach, "aliases parents{id}") == {"aliases": ["Outdoor"], "parents": []}


def test_a_tag_whose_own_name_is_its_alias_cannot_be_merged(stash: Asking) -> None:
    kept, gone = (stash.make("tag", "id", name=name)["id"] for name in ("TT", "TS"))
    stash.update("tag", id=gone, aliases=["TS"])

    refusal = stash.refused(MERGE["tag"], i={"source": [gone], "destination": kept})

    assert refusal.endswith("UNIQUE constraint failed: tag_aliases.alias")
    assert stash.see("tag", kept, "aliases") == {"aliases": []}
    assert stash.see("tag", gone, "aliases") == {"aliases": ["TS"]}


@pytest.mark.parametrize(
    ("source", "destination", "refusal"),
    [
        ("99", "1", "id 99 does not exist in tags"),
        ("1", "99", "tag with id 99 not found"),
        ("1", "1", "cannot merge where source == destination"),
    ],
)
def test_a_tag_merge_of_unknown_ones_is_refused(stash: Asking, source: str, destination: str, refusal: str) -> None:
    stash.make("tag", "id", name="TT")

    assert stash.refused(MERGE["tag"], i={"source": [source], "destination": destination}) == refusal
