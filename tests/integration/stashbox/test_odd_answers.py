"""What no server should answer, and what is made of it."""

import json
from typing import Any

import pytest
from tests.scripted_server import Asked as Request
from tests.scripted_server import Told, graphql, scripted
from tests.stashbox_boxes import KEY, Asked, listed

from stash_sense.errors import StashBoxAnswerOdd, StashBoxDocumentRefused, StashBoxKeyWrong, StashBoxRefused
from stash_sense.stashbox.fingerprints import Algorithm, Fingerprint
from stash_sense.stashbox.kinds import PERFORMERS, SCENES

ODD: tuple[Any, ...] = (None, 7, "text", [7], [None], {}, {"items": 7, "count": "x"}, {"items": [{}], "count": 1})
REFUSED = "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("found", ODD, ids=json.dumps)
def test_an_answer_of_another_shape_is_told(found: Any) -> None:
    with scripted(lambda _: graphql({"found": found})) as server:
        for work in (
            lambda box: box.account(),
            lambda box: box.search(PERFORMERS, "x", 1),
            lambda box: listed(box.changed(PERFORMERS, None)),
            lambda box: listed(box.removed(PERFORMERS, None)),
            lambda box: box.matches([[Fingerprint(Algorithm.PHASH, 1)]]),
        ):
            with pytest.raises(StashBoxAnswerOdd):
                Asked(server.url).run(work)


@pytest.mark.parametrize("found", [7, "text", [7], {}, {"id": "1"}], ids=json.dumps)
def test_one_thing_of_another_shape_is_told(found: Any) -> None:
    with scripted(lambda _: graphql({"found0": found})) as server, pytest.raises(StashBoxAnswerOdd):
        Asked(server.url).run(lambda box: box.by_ids(SCENES, ["1"]))


@pytest.mark.parametrize("answers", [[], [[], []]])
def test_answers_that_do_not_fit_the_videos_are_not_given_to_any(answers: list[Any]) -> None:
    with (
        scripted(lambda _: graphql({"found": answers})) as server,
        pytest.raises(StashBoxAnswerOdd, match="videos"),
    ):
        Asked(server.url).run(lambda box: box.matches([[Fingerprint(Algorithm.PHASH, 1)]]))


def test_holes_in_the_scenes_of_a_video_are_passed_over() -> None:
    with scripted(lambda _: graphql({"found": [[None]]})) as server:
        assert Asked(server.url).run(lambda box: box.matches([[Fingerprint(Algorithm.PHASH, 1)]])) == [()]


def test_a_server_that_does_not_say_which_fields_it_lacks_is_asked_which_it_has() -> None:
    performer = {"name": "Performer", "fields": [{"name": "birthdate"}, {"name": "aliases"}]}

    def answer(asked: Request) -> Told:
        if "__type" in asked.query:
            return graphql({"performer": performer, "scene": None})
        if "hair_color" in asked.query:
            return graphql(None, "invalid question", status=422, code=REFUSED)
        return graphql({"found0": {"id": "1", "name": "Somebody", "aliases": ["S"]}})

    with scripted(answer) as server:
        read = Asked(server.url).run(lambda box: box.by_ids(PERFORMERS, ["1"]))
        assert len(server.asked) == 3
    assert read.items["1"].aliases == ("S",)


def test_a_server_that_lacks_what_is_needed_is_told() -> None:
    def answer(asked: Request) -> Told:
        return graphql(None, 'Cannot query field "id" on type "Performer".', status=422, code=REFUSED)

    with scripted(answer) as server, pytest.raises(StashBoxDocumentRefused, match="id"):
        Asked(server.url).run(lambda box: box.by_ids(PERFORMERS, ["1"]))


def test_a_field_that_fails_within_a_performer_does_not_fail_the_performer() -> None:
    body = {
        "data": {"found0": {"id": "1", "name": "Somebody", "images": None}},
        "errors": [{"message": "no pictures", "path": ["found0", "images"]}],
    }
    with scripted(lambda _: Told(body=json.dumps(body).encode())) as server:
        read = Asked(server.url).run(lambda box: box.by_ids(PERFORMERS, ["1"]))
    assert read.items["1"].name == "Somebody"
    assert read.refused == {}


def test_words_of_a_server_are_short_and_without_the_key() -> None:
    shown = f"{KEY} \x1b[31m" + "x" * 10_000
    with scripted(lambda _: graphql(None, shown)) as server, pytest.raises(StashBoxRefused) as raised:
        Asked(server.url).run(lambda box: box.account())
    assert KEY not in str(raised.value)
    assert "\x1b" not in str(raised.value)
    assert len(str(raised.value)) < 600


def test_the_key_is_sent_as_a_header_and_never_in_the_address() -> None:
    with scripted(lambda _: graphql(None, "not authorized")) as server, pytest.raises(StashBoxKeyWrong):
        Asked(server.url + "/graphql").run(lambda box: box.account())
    (asked,) = server.asked
    assert {name.lower(): value for name, value in asked.headers.items()}["apikey"] == KEY
    assert KEY not in asked.path
    assert asked.path == "/graphql"
