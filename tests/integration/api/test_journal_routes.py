"""/journal over real HTTP: what was written, and undoing it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.api.deciding_service import Office, office
from tests.integration.recommendations.desk import person
from tests.stash_library import snapshot

from stash_sense.recommendations.journal.store import KEPT_FOR
from stash_sense.recommendations.recommendation import Status

CID = person("Cid", "3")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        yield found


def accepted(here: Office, *targets: str) -> Any:
    ids = [here.recommend(CID, target=target) for target in targets]
    return here.asked("POST", "/recommendations/accept", document={"ids": ids})


def test_it_is_read_page_by_page_newest_first_and_by_group(here: Office) -> None:
    group = accepted(here, "1", "2", "3")["group"]
    here.asked("POST", f"/recommendations/{here.recommend(CID, target='1')}/accept")
    page = here.asked("GET", "/journal", limit=2)
    rest = here.asked("GET", "/journal", limit=2, cursor=page["next"])
    ids = [one["id"] for one in [*page["items"], *rest["items"]]]
    assert ids == sorted(ids, reverse=True)
    assert rest["next"] is None
    assert len(here.asked("GET", "/journal", group=group)["items"]) == 3
    one = here.asked("GET", f"/journal/{ids[0]}")
    assert (one["state"], one["actor"], one["reason"]) == ("done", "user", "Accepted: Cid")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("?cursor=x", 422, "journal_cursor_invalid"),
        ("?cursor=99999999999999999999", 422, "journal_cursor_invalid"),
        ("?group=a%20b", 422, "request_invalid"),
        ("/77", 404, "journal_entry_unknown"),
    ],
)
def test_what_is_not_there_is_told(here: Office, path: str, status: int, code: str) -> None:
    assert here.asked("GET", f"/journal{path}", status)["error"]["code"] == code


def test_one_entry_is_undone_after_a_dry_run_that_writes_nothing(here: Office) -> None:
    accepted(here, "2")
    before = snapshot(here.stash)
    planned = here.asked("POST", "/journal/1/undo", document={"dry_run": True})
    assert [(one["operation"], one["after"]) for one in planned["writes"]] == [("remove", {"performer_ids": []})]
    assert (snapshot(here.stash), planned["group"]) == (before, None)
    undone = here.asked("POST", "/journal/1/undo")
    assert here.performers_of("scenes", 2) == set()
    redone = here.asked("POST", f"/journal/groups/{undone['group']}/undo")
    assert redone["refused"] == []
    assert here.performers_of("scenes", 2) == {3}


def test_what_was_changed_since_is_left_and_said(here: Office) -> None:
    group = accepted(here, "2", "3")["group"]
    here.stash.state.tables["scenes"][2]["performers"] = [1]
    before = snapshot(here.stash)
    refused = here.asked("POST", "/journal/1/undo", 409)["error"]
    assert refused["code"] == "journal_field_changed"
    assert "changed the performers of scene 2 since: 3 was written, and now it is 1." in refused["message"]
    assert snapshot(here.stash) == before
    undone = here.asked("POST", f"/journal/groups/{group}/undo")
    assert [(one["entry"], one["code"]) for one in undone["refused"]] == [(1, "journal_field_changed")]
    assert (undone["undone"], here.performers_of("scenes", 3)) == ([2], set())
    assert [here.one(id_).status for id_ in (1, 2)] == [Status.RESOLVED, Status.PENDING]


def test_what_is_older_than_a_year_is_removed_in_time(here: Office) -> None:
    accepted(here, "2")
    assert here.services.prune_journal() == 0
    (entry,) = here.asked("GET", "/journal")["items"]
    assert here.services.journal.prune(here.services.journal.get(entry["id"]).created_at + timedelta(days=1)) == 1  # type: ignore[union-attr]
    assert timedelta(days=300) < KEPT_FOR
