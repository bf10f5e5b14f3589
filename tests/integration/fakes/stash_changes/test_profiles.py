"""What other versions of Stash do otherwise."""

from collections.abc import Callable

import pytest
from tests.integration.fakes.stash_changes.asking import Asking

from stash_sense.fakes.stash.profiles import Profile


@pytest.fixture
def newer(stash_of: Callable[[Profile], Asking]) -> Asking:
    return stash_of(Profile.V0_31)


@pytest.mark.parametrize("kind", ["performer", "tag", "studio"])
def test_repeated_aliases_are_dropped_without_a_word_since_0_31(newer: Asking, kind: str) -> None:
    field = "alias_list" if kind == "performer" else "aliases"

    made = newer.make(kind, field, name="Ada", **{field: ["ada", "x", "X"]})

    assert made == {field: ["x"]}


def test_a_career_is_a_start_and_an_end_since_0_31(newer: Asking) -> None:
    fields = "career_start career_end career_length"

    assert newer.make("performer", fields, name="a", career_start="2001-05", career_end="2010") == {
        "career_start": "2001-05",
        "career_end": "2010",
        "career_length": "2001-05 - 2010",
    }
    assert newer.make("performer", fields, name="b", career_length="2001 -") == {
        "career_start": "2001",
        "career_end": None,
        "career_length": "2001 -",
    }
    assert newer.make_refused("performer", name="c", career_start="soon").startswith("converting career start: ")


def test_everything_has_custom_fields_since_0_31(newer: Asking) -> None:
    newer.bulk("scene", ids=["1"], custom_fields={"partial": {"a": 1}})
    newer.update("image", id="1", custom_fields={"full": {"b": 2}})
    tag = newer.make("tag", "id custom_fields", name="t", custom_fields={"c": 3})

    assert newer.see("scene", "1", "custom_fields") == {"custom_fields": {"a": 1}}
    assert newer.see("image", "1", "custom_fields") == {"custom_fields": {"b": 2}}
    assert tag["custom_fields"] == {"c": 3}


def test_a_merge_of_tags_takes_values_since_0_31(newer: Asking) -> None:
    kept, gone = (newer.make("tag", "id", name=name)["id"] for name in ("TT", "TS"))
    merge = "mutation($i:TagsMergeInput!){tagsMerge(input:$i){description aliases}}"
    values = {"id": kept, "description": "both", "aliases": ["TS", "T"]}

    answer = newer.ask(merge, i={"source": [gone], "destination": kept, "values": values})

    assert answer == {"description": "both", "aliases": ["T", "TS"]}


def test_entries_of_files_can_be_destroyed_since_0_31(newer: Asking) -> None:
    extra = newer.add_file("/library/extra.mp4")
    file = newer.state.tables["scenes"][1]["files"][0]

    newer.ask("mutation($ids:[ID!]!){destroyFiles(ids:$ids)}", ids=[str(extra)])
    newer.ask('mutation{sceneDestroy(input:{id:"1",destroy_file_entry:true})}')

    assert not {extra, file} & newer.state.tables["files"].keys()


@pytest.mark.parametrize(
    "document",
    [
        'mutation{performerMerge(input:{source:["1"],destination:"2"}){id}}',
        'mutation{performerCreate(input:{name:"a",career_start:"2001"}){id}}',
        'mutation{sceneUpdate(input:{id:"1",custom_fields:{remove:["a"]}}){id}}',
        'mutation{tagsMerge(input:{source:["1"],destination:"2",values:{id:"2"}}){id}}',
        'mutation{destroyFiles(ids:["1"])}',
    ],
)
def test_what_0_31_brought_is_unknown_to_0_30(stash_of: Callable[[Profile], Asking], document: str) -> None:
    assert stash_of(Profile.V0_30).answer(document).status == 422
