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


def test_a_server_that_gives_fewer_on_a_page_than_it_is_asked_for_is_read_to_its_end() -> None:
    def answer(asked: Request) -> Told:
        first = 25 * (asked.variables["input"]["page"] - 1)
        items = [{"id": str(number), "name": "x"} for number in range(first, min(first + 25, 60))]
        return graphql({"found": {"count": 60, "items": items}})

    with scripted(answer) as server:
        pages = Asked(server.url).run(lambda box: listed(box.changed(PERFORMERS, None)))
        assert len(server.asked) == 3
    assert [one.id for page in pages for one in page.items] == [str(number) for number in range(60)]


def test_a_server_that_knows_one_page_alone_is_not_read_for_ever() -> None:
    items = [{"id": str(number), "name": "x"} for number in range(100)]
    with (
        scripted(lambda _: graphql({"found": {"count": 1000, "items": items}})) as server,
        pytest.raises(StashBoxAnswerOdd, match="twice"),
    ):
        Asked(server.url).run(lambda box: listed(box.changed(PERFORMERS, None)))
    assert len(server.asked) == 2


def test_videos_that_are_too_many_at_once_are_asked_for_in_halves() -> None:
    def answer(asked: Request) -> Told:
        groups = asked.variables["groups"]
        if len(groups) > 3:
            return Told(413, {"content-type": "text/html"})
        return graphql({"found": [[] for _ in groups]})

    asked = [[Fingerprint(Algorithm.PHASH, number)] for number in range(1, 11)]
    with scripted(answer) as server:
        assert Asked(server.url).run(lambda box: box.matches(asked)) == [()] * 10
        sent = [request.variables["groups"] for request in server.asked]
    assert [group[0]["hash"] for groups in sent if len(groups) <= 3 for group in groups] == [
        f"{number:016x}" for number in range(1, 11)
    ]


def test_a_single_video_that_is_too_much_is_told() -> None:
    with scripted(lambda _: graphql(None, "too much")) as server, pytest.raises(StashBoxRefused):
        Asked(server.url).run(lambda box: box.matches([[Fingerprint(Algorithm.PHASH, 1)]] * 2))
    assert len(server.asked) == 2
