"""What plugins would have been told of a change, as a server told a plugin that wrote it down."""

from tests.integration.fakes.stash_changes.asking import Asking


def told(stash: Asking) -> list[tuple[str, int]]:
    return [(hook.type, hook.id) for hook in stash.state.hooks]


def test_a_creation_tells_all_that_could_have_been_given(stash: Asking) -> None:
    stash.make("performer", "id", name="Hooked")

    (hook,) = stash.state.hooks
    assert (hook.type, hook.id, hook.input_fields) == ("Performer.Create.Post", 1, ())
    assert hook.input is not None
    assert hook.input["name"] == "Hooked"
    assert {"alias_list", "stash_ids", "custom_fields", "ignore_auto_tag"} <= hook.input.keys()
    assert {value for name, value in hook.input.items() if name != "name"} == {None}


def test_an_update_tells_the_fields_that_were_given(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada")["id"]
    stash.update("performer", id=ada, details="x", hair_color=None)
    stash.update("scene", id="2", title="hook")

    performer, scene = stash.state.hooks[1:]
    assert (performer.type, performer.id) == ("Performer.Update.Post", 1)
    assert set(performer.input_fields) == {"id", "details", "hair_color"}
    assert performer.input is not None
    assert performer.input["custom_fields"] == {"full": None, "partial": None, "remove": None}
    assert (scene.type, scene.id, set(scene.input_fields)) == ("Scene.Update.Post", 2, {"id", "title"})


def test_a_bulk_tells_of_each_row_with_the_input_of_all(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada")["id"]
    given = {"ids": ["1", "2"], "performer_ids": {"ids": [ada], "mode": "ADD"}}

    stash.bulk("scene", **given)

    first, second = stash.state.hooks[1:]
    assert (first.id, second.id) == (1, 2)
    assert first.type == second.type == "Scene.Update.Post"
    assert first.input == second.input == given
    assert set(first.input_fields) == {"ids", "performer_ids"}


def test_a_destruction_tells_its_input_and_no_fields(stash: Asking) -> None:
    ada = stash.make("performer", "id", name="Ada")["id"]
    stash.ask("mutation($id:ID!){performerDestroy(input:{id:$id})}", id=ada)
    stash.ask('mutation{scenesDestroy(input:{ids:["1"]})}')

    performer, scene = stash.state.hooks[1:]
    assert (performer.type, performer.id, performer.input, performer.input_fields) == (
        "Performer.Destroy.Post",
        1,
        {"id": ada},
        (),
    )
    assert (scene.type, scene.id, scene.input) == ("Scene.Destroy.Post", 1, {"ids": ["1"]})


def test_a_merge_of_tags_is_told_and_one_of_performers_or_scenes_is_not(stash: Asking) -> None:
    tags = [stash.make("tag", "id", name=name)["id"] for name in ("a", "b")]
    performers = [stash.make("performer", "id", name=name)["id"] for name in ("a", "b")]
    before = len(stash.state.hooks)

    for name, kind, ids in (
        ("performerMerge", "PerformerMergeInput", performers),
        ("sceneMerge", "SceneMergeInput", ["1", "2"]),
        ("tagsMerge", "TagsMergeInput", tags),
    ):
        merge = f"mutation($i:{kind}!){{{name}(input:$i){{id}}}}"
        stash.ask(merge, i={"source": [ids[0]], "destination": ids[1]})

    assert told(stash)[before:] == [("Tag.Merge.Post", int(tags[1]))]


def test_what_is_refused_is_not_told(stash: Asking) -> None:
    stash.make_refused("performer", name="")
    stash.bulk_refused("scene", ids=["1", "99"], title="x")
    stash.refused('mutation{performersDestroy(ids:["99"])}')

    assert told(stash) == []
