"""Names that are taken once among all names and aliases, and families without cycles."""

import pytest
from tests.integration.fakes.stash_changes.asking import Asking

BOTH = pytest.mark.parametrize("kind", ["tag", "studio"])


@BOTH
def test_a_name_is_taken_once_among_names_and_aliases(stash: Asking, kind: str) -> None:
    stash.make(kind, "id", name="Outdoor", aliases=["Outside"])

    assert stash.make_refused(kind, name="outdoor") == f"{kind} with name 'outdoor' already exists"
    assert stash.make_refused(kind, name="Outside") == "name 'Outside' is used as alias for 'Outdoor'"
    assert stash.make_refused(kind, name="Sky", aliases=["Outdoor"]) == f"{kind} with name 'Outdoor' already exists"
    assert (
        stash.make_refused(kind, name="Sky", aliases=["outside"]) == "name 'outside' is used as alias for 'Outdoor'"
    )
    assert stash.make_refused(kind, name=" ") == f"{kind} name must not be blank"


@BOTH
def test_an_alias_may_be_the_own_name_but_not_be_there_twice(stash: Asking, kind: str) -> None:
    one = stash.make(kind, "id", name="Indoor")["id"]

    stash.update(kind, id=one, aliases=["Indoor"])
    assert stash.see(kind, one, "aliases") == {"aliases": ["Indoor"]}

    refusal = stash.update_refused(kind, id=one, aliases=["a", "a"])
    assert refusal.endswith(f"UNIQUE constraint failed: {kind}_aliases.alias")


def test_a_tag_has_no_parent_that_is_below_it(stash: Asking) -> None:
    outdoor = stash.make("tag", "id", name="Outdoor")["id"]
    beach = stash.make("tag", "id", name="Beach", parent_ids=[outdoor])["id"]
    dune = stash.make("tag", "id", name="Dune", parent_ids=[beach])["id"]

    refusal = 'cannot apply tag "{}" as {} of "Outdoor" as it is already {} ({})'
    assert stash.update_refused("tag", id=outdoor, parent_ids=[dune]) == refusal.format(
        "Dune", "a parent", "a descendant", "Outdoor->Beach->Dune"
    )
    assert stash.update_refused("tag", id=outdoor, parent_ids=[outdoor]) == refusal.format(
        "Outdoor", "a parent", "a descendant", "Outdoor"
    )
    assert "as a child of" in stash.update_refused("tag", id=dune, child_ids=[outdoor])


def test_children_are_set_from_the_parent_too(stash: Asking) -> None:
    outdoor, beach, dune = (stash.make("tag", "id", name=name)["id"] for name in ("Outdoor", "Beach", "Dune"))

    stash.update("tag", id=outdoor, child_ids=[beach, dune])
    stash.update("tag", id=outdoor, child_ids=[dune])
    stash.bulk("tag", ids=[outdoor], child_ids={"ids": [beach], "mode": "ADD"})

    assert stash.see("tag", outdoor, "children{name}") == {"children": [{"name": "Beach"}, {"name": "Dune"}]}
    assert stash.see("tag", dune, "parents{name}") == {"parents": [{"name": "Outdoor"}]}


def test_a_studio_is_not_its_own_ancestor_and_has_a_parent_that_is_there(stash: Asking) -> None:
    big = stash.make("studio", "id", name="Big")["id"]
    small = stash.make("studio", "id", name="Small", parent_id=big)["id"]

    for parent in (big, small):
        assert stash.update_refused("studio", id=big, parent_id=parent) == "studio cannot be an ancestor of itself"
    assert stash.make_refused("studio", name="Orphan", parent_id="99").endswith("FOREIGN KEY constraint failed")
    stash.update("studio", id=small, parent_id=None)
    assert stash.see("studio", small, "parent_studio{id}") == {"parent_studio": None}


def test_what_had_a_destroyed_tag_loses_it(stash: Asking) -> None:
    tag = stash.make("tag", "id", name="Outdoor")["id"]
    child = stash.make("tag", "id", name="Beach", parent_ids=[tag])["id"]
    ada = stash.make("performer", "id", name="Ada", tag_ids=[tag])["id"]
    stash.update("scene", id="1", tag_ids=[tag])

    stash.ask("mutation($ids:[ID!]!){tagsDestroy(ids:$ids)}", ids=[tag])

    assert stash.see("scene", "1", "tags{id}") == stash.see("performer", ada, "tags{id}") == {"tags": []}
    assert stash.see("tag", child, "parents{id}") == {"parents": []}
    assert stash.refused('mutation{tagDestroy(input:{id:"99"})}') == "id 99 does not exist in tags"


def test_what_was_of_a_destroyed_studio_is_of_none(stash: Asking) -> None:
    big = stash.make("studio", "id", name="Big")["id"]
    small = stash.make("studio", "id", name="Small", parent_id=big)["id"]
    stash.update("scene", id="1", studio_id=big)

    stash.ask("mutation($ids:[ID!]!){studiosDestroy(ids:$ids)}", ids=[big])

    assert stash.see("scene", "1", "studio{id}") == {"studio": None}
    assert stash.see("studio", small, "parent_studio{id}") == {"parent_studio": None}
    assert stash.refused('mutation{studioDestroy(input:{id:"99"})}') == "id 99 does not exist in studios"


@pytest.mark.parametrize(("kind", "parent"), [("tag", "parent_ids"), ("studio", "parent_id")])
def test_a_family_is_destroyed_together_in_any_order(stash: Asking, kind: str, parent: str) -> None:
    over = stash.make(kind, "id", name="Over")["id"]
    below = stash.make(kind, "id", name="Below", **{parent: over if parent == "parent_id" else [over]})["id"]
    destroy = f"mutation($ids:[ID!]!){{{kind}sDestroy(ids:$ids)}}"

    assert stash.refused(destroy, ids=[below, "99"]) == f"id 99 does not exist in {kind}s"
    assert stash.see(kind, below, "id") == {"id": below}
    assert stash.ask(destroy, ids=[below, over]) is True
    assert stash.see(kind, over, "id") is None
