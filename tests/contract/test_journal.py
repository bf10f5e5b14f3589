"""What every `JournalStore` does, in memory and in SQLite."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from stash_sense.adapters.store.journal import SqlJournal
from stash_sense.adapters.store.store import Store
from stash_sense.library.server import Picture
from stash_sense.recommendations.journal.entry import Entry, EntryState, Intent, Operation, Verdict, Why
from stash_sense.recommendations.journal.memory import MemoryJournal
from stash_sense.recommendations.journal.store import JournalQuery, JournalStore

WHY = Why("user", "Accepted: Ada", 7, "group-1")


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JournalStore]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    opened = Store.open(tmp_path / "stash_sense.db")
    yield SqlJournal(opened.engine)
    opened.close()


def adding(id_: str = "1", undoes: int | None = None) -> Intent:
    return Intent(Operation.ADD, "scene", id_, {"performer_ids": ["5"]}, {"performer_ids": ["5", "é"]}, undoes=undoes)


def begun(journal: JournalStore, *intents: Intent, why: Why = WHY) -> list[Entry]:
    return journal.begin(intents or [adding()], why)


def test_what_is_begun_is_intended_and_says_all(journal: JournalStore) -> None:
    first, second = begun(journal, adding("1"), adding("2"))
    assert journal.get(first.id) == first
    assert (first.target_id, second.target_id) == ("1", "2")
    assert first.id < second.id
    assert (first.state, first.group, first.actor, first.reason) == (
        EntryState.INTENDED,
        "group-1",
        "user",
        WHY.reason,
    )
    assert (first.operation, first.kind, first.recommendation_id) == (Operation.ADD, "scene", 7)
    assert (first.before, first.after) == ({"performer_ids": ["5"]}, {"performer_ids": ["5", "é"]})
    assert (first.undoes, first.undone_by, first.settled_at, first.error_code) == (None, None, None, None)
    assert journal.get(99) is None
    assert journal.begin([], WHY) == []


@pytest.mark.parametrize("state", [EntryState.DONE, EntryState.REFUSED, EntryState.UNCERTAIN])
def test_what_became_of_it_is_kept(journal: JournalStore, state: EntryState) -> None:
    (entry,) = begun(journal)
    (settled,) = journal.settle([Verdict(entry.id, state, "12", {"name": "Ada"}, "code", "Why.")])
    assert journal.get(entry.id) == settled
    assert (settled.state, settled.target_id, settled.after) == (state, "12", {"name": "Ada"})
    assert (settled.error_code, settled.error_message) == ("code", "Why.")
    assert settled.settled_at is not None


def test_what_is_known_is_not_made_unknown(journal: JournalStore) -> None:
    (entry,) = begun(journal)
    done = journal.settle([Verdict(entry.id, EntryState.DONE)])
    assert journal.settle([Verdict(entry.id, EntryState.REFUSED, error_code="late")]) == done
    assert done[0].after == entry.after


def test_what_nobody_knows_can_become_known(journal: JournalStore) -> None:
    (entry,) = begun(journal)
    journal.settle([Verdict(entry.id, EntryState.UNCERTAIN, error_code="lost")])
    (settled,) = journal.settle([Verdict(entry.id, EntryState.DONE)])
    assert (settled.state, settled.error_code) == (EntryState.DONE, None)


def test_open_entries_are_found(journal: JournalStore) -> None:
    entries = begun(journal, *(adding(str(number)) for number in range(4)))
    states = [EntryState.DONE, EntryState.REFUSED, EntryState.UNCERTAIN]
    journal.settle([Verdict(entry.id, state) for entry, state in zip(entries, states, strict=False)])
    assert [entry.id for entry in journal.unsettled()] == [entries[2].id, entries[3].id]


def test_an_entry_is_undone_when_the_one_that_undoes_it_is_done(journal: JournalStore) -> None:
    entries = begun(journal, adding("1"), adding("2"))
    journal.settle([Verdict(entry.id, EntryState.DONE) for entry in entries])
    undoing = begun(journal, *(adding(entry.target_id, entry.id) for entry in entries), why=Why("user"))
    found = [journal.get(entry.id) for entry in entries]
    assert [entry.undone_by for entry in found if entry] == [None, None]
    journal.settle([Verdict(undoing[0].id, EntryState.DONE), Verdict(undoing[1].id, EntryState.REFUSED)])
    found = [journal.get(entry.id) for entry in entries]
    assert [entry.undone_by for entry in found if entry] == [undoing[0].id, None]


def test_entries_are_listed_newest_first_and_by_group(journal: JournalStore) -> None:
    entries = begun(journal, *(adding(str(number)) for number in range(5)))
    (other,) = begun(journal, why=Why("user", group="group-2"))
    numbers = [entry.id for entry in entries]
    first = journal.page(JournalQuery(limit=3))
    assert [entry.id for entry in first] == [other.id, *numbers[:-3:-1]]
    rest = journal.page(JournalQuery(before=first[-1].id))
    assert [entry.id for entry in rest] == numbers[2::-1]
    assert [entry.id for entry in journal.page(JournalQuery(group="group-2"))] == [other.id]
    assert [entry.id for entry in journal.group("group-1")] == numbers
    assert journal.group("nothing") == []


def test_pictures_are_kept_by_their_content(journal: JournalStore) -> None:
    picture = Picture(b"\x00\xff picture", "image/png")
    digest = journal.keep_picture(picture)
    assert len(digest) == 64
    assert journal.keep_picture(picture) == digest
    assert journal.picture(digest) == picture
    assert journal.picture("0" * 64) is None


def test_entries_of_several_threads_do_not_mix(journal: JournalStore) -> None:
    with ThreadPoolExecutor(6) as threads:
        entries = list(threads.map(lambda number: begun(journal, adding(str(number)))[0], range(18)))
    assert sorted(entry.target_id for entry in entries) == sorted(str(number) for number in range(18))
    assert len({entry.id for entry in entries}) == 18


def test_groups_have_names_of_their_own() -> None:
    assert Why("user").group != Why("user").group


def test_what_is_old_and_settled_is_removed_and_its_numbers_are_not_given_again(journal: JournalStore) -> None:
    done, lost = begun(journal, adding("1"), adding("2"))
    journal.settle([Verdict(done.id, EntryState.DONE)])
    assert journal.prune(done.created_at) == 0
    assert journal.prune(done.created_at + timedelta(seconds=1)) == 1
    assert journal.get(done.id) is None
    assert [entry.id for entry in journal.unsettled()] == [lost.id]
    assert begun(journal)[0].id > lost.id


def test_pictures_go_with_the_last_entry_that_needs_them(journal: JournalStore) -> None:
    kept, gone = (journal.keep_picture(Picture(content, "image/png")) for content in (b"kept", b"gone"))
    old = begun(journal, *(picturing(digest) for digest in (kept, gone)))
    journal.settle([Verdict(entry.id, EntryState.DONE) for entry in old])
    until = old[-1].created_at + timedelta(microseconds=1)
    begun(journal, picturing(kept))
    journal.prune(until)
    assert journal.picture(kept) == Picture(b"kept", "image/png")
    assert journal.picture(gone) is None


def picturing(digest: str) -> Intent:
    before = {"image": {"sha256": digest, "bytes": 4, "type": "image/png"}}
    return Intent(Operation.UPDATE, "performer", "1", before, {"image": None})
