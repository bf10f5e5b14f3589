"""Criteria that must hold together, and what files are known by."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType
from graphql.utilities import validate_input_value
from tests.stash_schemas import schema, schemas

from stash_sense.library.media import Fingerprint, ImageFile, VideoFile
from stash_sense.library.reading import Scope
from stash_sense.scanning.content import content_of, title_of
from stash_sense.scanning.scope import ResolvedScope, ScanScope, all_of, below, nothing_found


def test_what_is_said_of_one_key_twice_is_joined() -> None:
    left, right = {"tags": below("1")}, {"tags": below("2")}
    assert all_of([]) == {}
    assert all_of([left, {"organized": False}]) == {**left, "organized": False}
    assert all_of([left, {"organized": False}, right]) == {**left, "organized": False, "AND": right}
    assert all_of([left, right, left]) == {**left, "AND": {**right, "AND": left}}


@pytest.mark.parametrize("name", list(schemas()))
@pytest.mark.parametrize("type_name", ["SceneFilterType", "ImageFilterType"])
def test_every_schema_takes_what_is_asked_for(name: str, type_name: str) -> None:
    excluded = {"tags": {**below("2"), "modifier": "EXCLUDES"}}
    path = {"path": {"value": '"/a"', "modifier": "INCLUDES"}}
    where = all_of([{"tags": below("1")}, {"studios": below("3")}, path, {"organized": False}, excluded])
    type_ = schema(name).get_type(type_name)
    assert isinstance(type_, GraphQLInputObjectType)
    faults: list[str] = []
    validate_input_value(where, type_, lambda error, path: faults.append(f"{path}: {error}"))
    assert faults == []


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (ScanScope(), "Stash has no scene or image: let Stash look through its folders first."),
        (
            ScanScope(("image",), path="nonsense"),
            (
                "Stash has no image with 'nonsense' in the path of a file: "
                "look there how it writes paths, or ask for more."
            ),
        ),
        (
            ScanScope(saved_filter="To sort", tag="Beach", studio="Big House", unorganized=True),
            (
                "Stash has no scene or image that the filter 'To sort' finds and with the tag 'Beach' or one below "
                "it and of the studio 'Big House' or one below it and that is not organized: look there what it has, "
                "or ask for more."
            ),
        ),
    ],
)
def test_of_a_scope_with_nothing_in_it_is_said_what_was_asked_and_what_to_try(
    asked: ScanScope, sentence: str
) -> None:
    assert nothing_found(ResolvedScope({kind: Scope() for kind in asked.kinds}, asked)) == sentence


def test_what_is_left_alone_may_be_all_there_is() -> None:
    scope = ResolvedScope({"scene": Scope()}, ScanScope(("scene",)), leave_alone="7")
    assert nothing_found(scope).startswith("Stash has no scene that is not to be left alone: ")


class Item:
    title = ""

    def __init__(self, *files: Any) -> None:
        self.files = files


def video(*prints: Fingerprint, path: str = "/a/b.mp4") -> VideoFile:
    return VideoFile("1", path, 7, 1.0, 1, 1, 1.0, "h264", "2026-11-20T10:00:00Z", prints)


OSHASH, MD5, PHASH = Fingerprint("oshash", "ab"), Fingerprint("md5", "cd"), Fingerprint("phash", "ef")


@pytest.mark.parametrize(
    ("item", "content"),
    [
        (Item(), ""),
        (Item(video(PHASH, MD5, OSHASH)), "oshash:ab"),
        (Item(video(MD5)), "md5:cd"),
        (Item(video(PHASH)), "file:7:2026-11-20T10:00:00Z:/a/b.mp4"),
        (Item(ImageFile("1", "/a.jpg", 9, 1, 1, False, (MD5,))), "md5:cd"),
        (Item(ImageFile("1", "/a.jpg", 9, 1, 1, False, ())), "file:9::/a.jpg"),
        (Item(video(OSHASH), video(MD5)), "oshash:ab"),
    ],
)
def test_a_file_is_known_by_its_hash_else_by_where_it_is(item: Any, content: str) -> None:
    assert content_of(item) == content


def test_what_has_no_title_is_called_after_its_file() -> None:
    assert title_of(Item(video(path="D:\\videos\\b.mp4"))) == "b.mp4"  # type: ignore[arg-type]
    assert title_of(Item()) == ""  # type: ignore[arg-type]
