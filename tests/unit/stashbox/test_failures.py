from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import Reply
from stash_sense.adapters.graphql.transport import as_graphql
from stash_sense.adapters.stashbox.failures import Failures, unknown_fields, wait_of
from stash_sense.errors import StashBoxError

DOCUMENT = Document("account", "query Account { me { name } }")
FAILURES = Failures("https://box.example/graphql", "the-key")


def replied(status: int, kind: str, body: str, **headers: str) -> Reply:
    return as_graphql(Reply(status, {"content-type": kind, **headers}, body.encode()))


def judged(reply: Reply, failures: Failures = FAILURES) -> StashBoxError | None:
    return failures.of_reply(reply, DOCUMENT, partial=False)


def errors(*messages: str, data: str = "null", code: str = "") -> str:
    extensions = f',"extensions":{{"code":"{code}"}}' if code else ""
    listed = ",".join(f'{{"message":"{message}","path":["a"]{extensions}}}' for message in messages)
    return f'{{"errors":[{listed}],"data":{data}}}'


JSON = "application/json"
CASES: Mapping[str, tuple[Reply, str]] = {
    "no role": (replied(200, JSON, errors("not authorized")), "stash_box_key_wrong"),
    "a key that is none": (
        replied(500, "text/plain; charset=utf-8", "token is malformed: token contains an invalid number of segments"),
        "stash_box_key_wrong",
    ),
    "a key of another server": (replied(401, "", ""), "stash_box_key_wrong"),
    "too many": (replied(429, JSON, '{"errors":[{"message":"Too Many Attempts."}]}'), "stash_box_busy"),
    "too many, politely": (replied(200, JSON, errors("Too Many Attempts.")), "stash_box_busy"),
    "too many, as a page": (replied(429, "text/html", "<html>"), "stash_box_busy"),
    "a crash": (replied(500, "text/plain", "internal server error"), "stash_box_broken"),
    "a gateway": (replied(502, "text/html", "<html>"), "stash_box_broken"),
    "a crash in JSON": (replied(503, JSON, errors("down for maintenance")), "stash_box_broken"),
    "a question for humans": (replied(403, "text/html", "<title>Just a moment...</title>"), "stash_box_misplaced"),
    "a page": (replied(200, "text/html", "<html>"), "stash_box_misplaced"),
    "nothing": (replied(200, "", ""), "stash_box_misplaced"),
    "half of an answer": (replied(200, JSON, '{"data":{'), "stash_box_misplaced"),
    "not an object": (replied(200, JSON, "[]"), "stash_box_misplaced"),
    "no page": (replied(404, "text/plain", "404 page not found"), "stash_box_misplaced"),
    "a large question": (replied(413, "text/html", "<html>"), "stash_box_refused"),
    "another place": (replied(302, "", "", location="https://elsewhere.example/x?k=1"), "stash_box_redirected"),
    "an unknown field": (
        replied(
            422, JSON, errors('Cannot query field \\"x\\" on type \\"User\\".', code="GRAPHQL_VALIDATION_FAILED")
        ),
        "stash_box_document_refused",
    ),
    "an unknown question": (
        replied(
            422, JSON, errors('Cannot query field \\"me\\" on type \\"Query\\".', code="GRAPHQL_VALIDATION_FAILED")
        ),
        "stash_box_feature_missing",
    ),
    "a refusal": (replied(200, JSON, errors("too many scenes")), "stash_box_refused"),
    "no word": (replied(200, JSON, errors("")), "stash_box_refused"),
    "no data": (replied(200, JSON, '{"data":null}'), "stash_box_misplaced"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_answer_means(name: str) -> None:
    reply, code = CASES[name]
    error = judged(reply)
    assert error is not None
    assert error.code == code
    assert "https://box.example/graphql" in str(error)


def test_without_a_key_it_is_the_key_that_is_missing() -> None:
    error = judged(replied(200, JSON, errors("not authorized")), Failures("https://box.example/graphql"))
    assert error is not None
    assert error.code == "stash_box_key_missing"


def test_an_answer_with_data_is_one() -> None:
    assert judged(replied(200, JSON, '{"data":{"me":null}}')) is None


def test_an_answer_of_which_some_fields_failed_will_do_where_that_is_said() -> None:
    reply = replied(200, JSON, errors("uuid: incorrect UUID length 3", data='{"a":null}'))
    assert FAILURES.of_reply(reply, DOCUMENT, partial=True) is None
    assert judged(reply) is not None


def test_a_key_that_may_not_read_is_not_taken_for_fields_that_failed() -> None:
    reply = replied(200, JSON, errors("not authorized", data='{"a":null}'))
    assert FAILURES.of_reply(reply, DOCUMENT, partial=True) is not None


def test_no_error_holds_the_key() -> None:
    for body in ("token the-key is malformed", "bad the-key"):
        error = judged(replied(500, "text/plain", body))
        assert "the-key" not in str(error)
    assert "the-key" not in str(judged(replied(200, JSON, errors("no the-key"))))
    assert "the-key" not in repr(FAILURES)


def test_the_rest_of_a_place_that_is_not_followed_is_not_shown() -> None:
    assert "k=1" not in str(judged(CASES["another place"][0]))


def test_fields_that_are_missing_are_read_out_of_what_servers_say() -> None:
    said = [
        'Cannot query field "birth_date" on type "Performer". Did you mean "birthdate"?',
        "Cannot query field 'merged_ids' on type 'Performer'.",
        "Cannot query field `code` on type `Scene`",
        "something else",
    ]
    assert unknown_fields(said) == {"Performer.birth_date", "Performer.merged_ids", "Scene.code"}


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("7", 7.0), ("0", 1.0), ("2.5", 2.5), ("", 10.0), ("soon", 10.0), ("-5", 10.0), ("1e300", 3600.0)],
)
def test_a_server_says_for_how_long_it_wants_to_be_left_alone(told: str, seconds: float) -> None:
    assert wait_of(Reply(429, {"retry-after": told}, b"")) == seconds


def test_it_may_say_until_when() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90.0 < wait_of(Reply(429, {"retry-after": until}, b"")) <= 100.0
    assert wait_of(Reply(429, {"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, b"")) == 1.0
