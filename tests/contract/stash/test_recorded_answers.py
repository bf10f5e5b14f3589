"""What real servers answered is understood; skipped where the recording is not at hand."""

import json
from collections.abc import Iterator
from typing import Any

from tests.exchanges import RECORDING, with_the_recording

from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import Reply
from stash_sense.adapters.graphql.transport import as_graphql
from stash_sense.adapters.stash.failures import Failures

pytestmark = with_the_recording
NOT_FROM_STASH = {"stash_misplaced", "stash_answer_odd", "stash_login_page", "stash_redirected"}


def exchanges() -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in ("stash", "doors", "merges", "setup", "plugins"):
        for file in sorted((RECORDING / "exchanges" / folder).glob("*.json")):
            told = json.loads(file.read_text())
            request = told.get("request") or {}
            if "response" in told and request.get("method") == "POST" and request.get("path") == "/graphql":
                yield f"{folder}/{file.stem}", told


def reply_of(told: dict[str, Any]) -> Reply:
    response = told["response"]
    body = response["body"]
    raw = b"" if isinstance(body, dict) and "head_base64" in body else body
    content = raw if isinstance(raw, bytes) else (raw if isinstance(raw, str) else json.dumps(raw)).encode()
    headers = {name.lower(): value for name, value in response["headers"].items()}
    return as_graphql(Reply(response["status"], headers, content))


def code_of(told: dict[str, Any]) -> str:
    query = told["request"]["body"]
    text = query["query"] if isinstance(query, dict) else ""
    key = told["request"]["headers"].get("ApiKey", "")
    error = Failures("http://127.0.0.1:9999", key).of_reply(reply_of(told), Document("recorded", text))
    return "" if error is None else error.code


def test_every_recorded_answer_is_data_or_an_error_that_fits() -> None:
    wrong = {}
    for name, told in exchanges():
        code, body = code_of(told), told["response"]["body"]
        is_good = told["response"]["status"] == 200 and isinstance(body, dict) and not body.get("errors")
        if (code == "") is not is_good or code in NOT_FROM_STASH:
            wrong[name] = code
    assert wrong == {}


def test_recorded_refusals_are_told_apart() -> None:
    told = {name.partition("/")[2].partition("-")[2]: code_of(told) for name, told in exchanges()}
    expected = {
        "no-key-graphql": "stash_key_missing",
        "key-wrong-graphql": "stash_key_wrong",
        "after-tripwire": "stash_exposed",
        "public-forwarded-for-when-open": "stash_exposed",
        "write-while-locked-1s": "stash_database_locked",
        "unknown-field": "stash_document_refused",
        "syntax-error": "stash_document_refused",
        "performer-create-bad-gender": "stash_refused",
        "find-scenes-ids": "stash_id_unknown",
        "performer-merge-unknown-source": "stash_id_unknown",
        "performer-destroy-unknown": "stash_id_unknown",
        "scenes-destroy-unknown": "stash_id_unknown",
        "bulk-add-performer-unknown": "stash_reference_unknown",
        "scene-update-unknown-studio": "stash_reference_unknown",
        "performer-create-duplicate-name-case": "stash_name_taken",
        "tag-create-name-is-alias": "stash_name_taken",
        "performer-create-bad-date": "stash_refused",
        "sort-unknown": "stash_refused",
    }
    assert {name: told[name] for name in expected} == expected
