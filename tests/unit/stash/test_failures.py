import pytest

from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import GraphQLError, NoAnswer, Reply, Trouble
from stash_sense.adapters.graphql.transport import as_graphql
from stash_sense.adapters.stash.failures import Failures

KEY = "secret-key"
READ = Document("find_scenes", "query FindScenes { findScenes { count } }")
WRITE = Document("scene_update", "mutation UpdateScene { sceneUpdate { id } }")
OPEN, GUARDED = Failures("http://nas:9999"), Failures("http://nas:9999", KEY)


def refused(message: str, status: int = 200, code: str = "", path: tuple[str, ...] = ()) -> Reply:
    return Reply(status, {}, b"", None, (GraphQLError(message, code, path),), is_graphql=True)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("beginning transaction: database is locked", "stash_database_locked"),
        ("committing transaction: database is locked (5) (SQLITE_BUSY)", "stash_database_locked"),
        ("tag with name 'database is locked' already exists", "stash_name_taken"),
        ("error executing `…` [[database is locked 2]]: FOREIGN KEY constraint failed", "stash_reference_unknown"),
        ("scene with id 99999 not found", "stash_id_unknown"),
        ("finding source performers: performer with id 99999 not found", "stash_id_unknown"),
        ("id 99999 does not exist in performers", "stash_id_unknown"),
        ("performer with name 'Bob' already exists", "stash_name_taken"),
        ("tag with name 'with name '' already exists", "stash_name_taken"),
        ("name 'BH' is used as alias for 'Big House'", "stash_name_taken"),
        ("error executing `INSERT INTO …` [[99999 2]]: FOREIGN KEY constraint failed", "stash_reference_unknown"),
        ("performer contains duplicate alias 'X'", "stash_refused"),
        ("invalid sort: foo", "stash_refused"),
        ("", "stash_refused"),
    ],
)
def test_what_stash_refuses_is_told_apart(message: str, code: str) -> None:
    error = OPEN.of_reply(refused(message), WRITE)
    assert error is not None
    assert error.code == code


@pytest.mark.parametrize("status", [500, 502, 503, 504, 524])
def test_a_write_is_uncertain_where_a_server_fails_over_it(status: int) -> None:
    reply = Reply(status, {"content-type": "text/html"}, b"<html>")
    for document, code in ((WRITE, "stash_write_uncertain"), (READ, "stash_broken")):
        error = OPEN.of_reply(reply, document)
        assert error is not None
        assert error.code == code


def test_a_write_has_happened_where_only_its_answer_failed() -> None:
    error = OPEN.of_reply(refused("database is locked", path=("sceneUpdate", "studio")), WRITE)
    assert error is not None
    assert error.code == "stash_write_uncertain"


def test_an_unknown_id_says_of_what() -> None:
    error = OPEN.of_reply(refused("id 7 does not exist in galleries"), WRITE)
    assert error is not None
    assert (error.fields["kind"], error.fields["id"]) == ("gallery", "7")


def test_a_refused_document_and_a_refused_value_are_told_apart() -> None:
    invalid = "GRAPHQL_VALIDATION_FAILED"
    document = OPEN.of_reply(refused('Cannot query field "x"', 422, invalid), READ)
    value = OPEN.of_reply(
        refused("QUEEN is not a valid GenderEnum", 422, invalid, ("variable", "input", "gender")), WRITE
    )
    assert document is not None
    assert document.code == "stash_document_refused"
    assert value is not None
    assert value.code == "stash_refused"
    assert "input.gender" in str(value)


@pytest.mark.parametrize(
    ("location", "open_code", "guarded_code"),
    [
        ("/login?returnURL=%2Fgraphql", "stash_key_missing", "stash_login_page"),
        ("https://sso.example/signin?to=stash", "stash_login_page", "stash_login_page"),
        ("https://nas:9999/graphql", "stash_redirected", "stash_redirected"),
        ("/stash/graphql?next=/login", "stash_redirected", "stash_redirected"),
        ("", "stash_redirected", "stash_redirected"),
        ("http://[broken/login", "stash_redirected", "stash_redirected"),
    ],
)
def test_a_login_page_and_another_place_are_told_apart(location: str, open_code: str, guarded_code: str) -> None:
    reply = Reply(302, {"location": location}, b"")
    for failures, code in ((OPEN, open_code), (GUARDED, guarded_code)):
        error = failures.of_door(reply)
        assert error is not None
        assert error.code == code


def test_a_redirect_to_another_path_is_named_whole() -> None:
    assert "http://nas:9999/stash/graphql" in str(OPEN.of_door(Reply(308, {"location": "/stash/graphql"}, b"")))


def test_a_redirect_names_the_place_without_what_may_be_secret() -> None:
    error = OPEN.of_door(Reply(301, {"location": "https://me:pass@nas/graphql?apikey=x"}, b""))
    assert "https://nas/graphql" in str(error)
    assert "pass" not in str(error)


@pytest.mark.parametrize(
    "words",
    [
        "Stash is exposed to the public internet without authentication, and is not serving any more content",
        "You have attempted to access Stash over the internet, and authentication is not enabled. This is extremely",
    ],
)
def test_the_lock_against_the_internet_is_recognised(words: str) -> None:
    error = OPEN.of_door(Reply(403, {"content-type": "text/plain; charset=utf-8"}, words.encode()))
    assert error is not None
    assert error.code == "stash_exposed"


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_write_is_uncertain_exactly_when_something_was_sent(trouble: Trouble) -> None:
    failure = NoAnswer(trouble, "reason", seconds=3.0, most_bytes=5)
    error = OPEN.of_no_answer(failure, WRITE)
    assert (error.code == "stash_write_uncertain") is not failure.nothing_was_sent
    assert OPEN.of_no_answer(failure, READ).code != "stash_write_uncertain"


def test_the_key_is_taken_out_of_a_strangers_words() -> None:
    for words in (f"bad key {KEY}", "GET /scene/1/stream?apikey=abc&x=1", "apikey%3Dabc"):
        cleaned = GUARDED.clean(words)
        assert KEY not in cleaned
        assert "abc" not in cleaned
        assert "[hidden]" in cleaned
    assert KEY not in repr(GUARDED)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b'{"ok": true}',
        b'{"data": 7}',
        b'{"errors": {"message": "x"}}',
        b"{",
        b"\xff\xfe",
        b"1" * 9999,
    ],
)
def test_what_is_no_answer_of_graphql_is_not_taken_for_one(body: bytes) -> None:
    assert not as_graphql(Reply(200, {"content-type": "application/json"}, body)).is_graphql


def test_errors_of_any_shape_are_read() -> None:
    body = b'{"errors": ["words", {"message": 7, "extensions": [], "path": "x"}, {}], "data": null}'
    reply = as_graphql(Reply(200, {"content-type": "application/graphql-response+json"}, body))
    assert [error.message for error in reply.errors] == ["words", "7", ""]
    assert reply.data is None


def test_a_web_page_is_called_by_its_title() -> None:
    page = Reply(200, {"content-type": "text/html"}, b"<html><title>My &amp; router</title>")
    error = OPEN.of_reply(page, READ)
    assert error is not None
    assert "My & router" in str(error)
