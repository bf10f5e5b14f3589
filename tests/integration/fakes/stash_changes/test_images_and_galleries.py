"""Images and galleries updated, in ones and in bulks."""

import pytest
from tests.integration.fakes.stash_changes.asking import Asking


@pytest.mark.parametrize("kind", ["image", "gallery"])
def test_performers_are_set_and_added(stash: Asking, kind: str) -> None:
    ada, bob = (stash.make("performer", "id", name=name)["id"] for name in ("Ada", "Bob"))

    stash.update(kind, id="1", performer_ids=[bob], title="T")
    stash.bulk(kind, ids=["1"], performer_ids={"ids": [ada], "mode": "ADD"})

    assert stash.see(kind, "1", "title performers{id}") == {"title": "T", "performers": [{"id": ada}, {"id": bob}]}


def test_a_bulk_with_an_unknown_image_or_gallery_changes_none(stash: Asking) -> None:
    assert stash.bulk_refused("image", ids=["1", "99"], details="x") == "image with id 99 not found"
    assert stash.bulk_refused("gallery", ids=["1", "99"], details="x") == "sql: no rows in result set"
    assert stash.see("image", "1", "details") == stash.see("gallery", "1", "details") == {"details": ""}


def test_images_come_into_galleries_from_either_side(stash: Asking) -> None:
    stash.ask('mutation{addGalleryImages(input:{gallery_id:"1",image_ids:["1"]})}')
    assert stash.see("gallery", "1", "image_count") == {"image_count": 1}

    stash.ask('mutation{removeGalleryImages(input:{gallery_id:"1",image_ids:["1"]})}')
    assert stash.see("image", "1", "galleries{id}") == {"galleries": []}

    stash.update("image", id="1", gallery_ids=["1"])
    assert stash.see("gallery", "1", "image_count") == {"image_count": 1}


def test_scenes_of_a_gallery_are_set_from_it(stash: Asking) -> None:
    before = stash.see("scene", "1", "updated_at")
    stash.clock.pass_seconds(60)

    stash.update("gallery", id="1", scene_ids=["1", "2"])
    stash.bulk("gallery", ids=["1"], scene_ids={"ids": ["2"], "mode": "REMOVE"})

    assert stash.see("gallery", "1", "scenes{id}") == {"scenes": [{"id": "1"}]}
    assert stash.see("scene", "1", "updated_at") == before


def test_a_gallery_of_nothing_needs_a_title(stash: Asking) -> None:
    assert stash.make_refused("gallery", title=" ") == "title must not be empty"
    made = stash.make("gallery", "id files{id} folder{id}", title="Set")
    assert (made["files"], made["folder"]) == ([], None)
    assert stash.update_refused("gallery", id=made["id"], title="").startswith("title must not be empty")
    assert stash.update("gallery", id="1", title="") == {"id": "1"}


def test_an_image_that_is_destroyed_is_gone_from_its_gallery_and_a_gallery_from_its_images(stash: Asking) -> None:
    stash.update("image", id="1", gallery_ids=["1"])

    stash.ask('mutation{galleryDestroy(input:{ids:["1"]})}')
    assert stash.see("image", "1", "galleries{id}") == {"galleries": []}

    stash.ask('mutation{imageDestroy(input:{id:"1",delete_file:true})}')
    assert stash.see("image", "1", "id") is None
    assert stash.refused('mutation{imagesDestroy(input:{ids:["1"]})}') == "image with id 1 not found"


def test_a_saved_filter_is_kept_as_it_was_given_and_saved_over(stash: Asking) -> None:
    save = "mutation($i:SaveFilterInput!){saveFilter(input:$i){id name find_filter{sort q} object_filter}}"
    given = {"mode": "SCENES", "name": "New", "find_filter": {"sort": "date"}, "object_filter": {"organized": True}}

    saved = stash.ask(save, i=given)
    assert saved == {
        "id": "1",
        "name": "New",
        "find_filter": {"sort": "date", "q": None},
        "object_filter": {"organized": True},
    }
    assert "UNIQUE constraint failed" in stash.refused(save, i=given)
    stash.ask(save, i={**given, "id": "1", "name": "Newer"})

    assert stash.ask("{findSavedFilters(mode:SCENES){name}}") == [{"name": "Newer"}]
    assert stash.ask("{findSavedFilters(mode:IMAGES){name}}") == []
