"""What changed in the library stays marked until somebody has looked at it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.queue_files import until

from stash_sense.adapters.store.library_changes import SqlChangeMarks
from stash_sense.adapters.store.store import Store
from stash_sense.connection.marks import EVERYTHING, MarkedChanges
from stash_sense.connection.news import EntityChanged, How
from stash_sense.errors import DiskFull


def updated(id_: str, kind: str = "scene", how: How = How.UPDATED) -> EntityChanged:
    return EntityChanged(kind, id_, how)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "stash_sense.db")
    yield opened
    opened.close()


def test_marks_are_read_in_the_order_of_the_changes(store: Store) -> None:
    marks = SqlChangeMarks(store)
    marks.mark([updated("2"), updated("1"), updated("7", "performer", How.CREATED)])
    marks.mark([updated("2", how=How.DESTROYED)])
    found = marks.read()
    assert [(mark.kind, mark.id, mark.how) for mark in found] == [
        ("scene", "1", "updated"),
        ("performer", "7", "created"),
        ("scene", "2", "destroyed"),
    ]
    assert marks.read("scene", limit=1) == [found[0]]
    assert marks.read(after=found[0].number) == found[1:]
    assert marks.count() == {"scene": 2, "performer": 1}


def test_what_changes_again_while_it_is_looked_at_stays_marked(store: Store) -> None:
    marks = SqlChangeMarks(store)
    marks.mark([updated("1"), updated("2")])
    read = marks.read()
    marks.mark([updated("2")])
    marks.forget(read)
    assert [mark.id for mark in marks.read()] == ["2"]
    marks.forget([])
    marks.forget(marks.read())
    assert marks.count() == {}


def test_marks_survive_a_restart(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "stash_sense.db")
    SqlChangeMarks(store).mark([updated("1")])
    store.close()
    store = Store.open(tmp_path / "stash_sense.db")
    assert [mark.id for mark in SqlChangeMarks(store).read()] == ["1"]
    store.close()


def test_with_too_many_of_a_kind_all_of_it_must_be_looked_at(store: Store) -> None:
    marks = SqlChangeMarks(store, most=10)
    marks.mark([updated("9", "tag"), *(updated(str(number)) for number in range(11))])
    (tag, scenes) = marks.read()
    assert (tag.kind, tag.id) == ("tag", "9")
    assert (scenes.kind, scenes.id, scenes.how) == ("scene", EVERYTHING, "many")
    marks.mark([updated("500"), updated("501")])
    assert marks.count() == {"scene": 1, "tag": 1}
    marks.forget([scenes])  # something has changed since it was read
    (again,) = marks.read("scene")
    assert again.id == EVERYTHING
    marks.forget([again])
    marks.mark([updated("1")])
    assert [mark.id for mark in marks.read("scene")] == ["1"]


def test_changes_are_gathered_and_written_together(store: Store) -> None:
    kept = Counted(store)
    marked = MarkedChanges(lambda: kept, together=0.05)
    for number in range(1000):
        marked.add(updated(str(number % 100)))
    until(lambda: kept.written == 100)
    assert kept.transactions < 20
    marked.close()
    assert marked.count() == {"scene": 100}


def test_what_is_read_holds_what_was_just_marked(store: Store) -> None:
    marked = MarkedChanges(lambda: SqlChangeMarks(store), together=3600)
    marked.add(updated("1"))
    assert [mark.id for mark in marked.read()] == ["1"]
    marked.add(updated("2"))
    assert marked.count() == {"scene": 2}
    marked.mark([updated("3")])
    marked.forget(marked.read())
    marked.add(updated("4"))
    marked.close()
    assert [mark.id for mark in SqlChangeMarks(store).read()] == ["4"]
    assert "marking-changes" not in {thread.name for thread in threading.enumerate() if not thread.daemon}


def test_what_the_disk_refuses_is_tried_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    kept = Counted(store)
    kept.trouble = DiskFull(path=store.path)
    marked = MarkedChanges(lambda: kept, together=0.001, again=0.02)
    marked.add(updated("1"))
    until(lambda: kept.transactions >= 3)
    marked.add(updated("2"))
    kept.trouble = None
    until(lambda: kept.written == 2)
    marked.close()
    assert len([line for line in caplog.messages if "cannot be remembered" in line]) == 1


def test_from_many_threads_nothing_is_lost(store: Store) -> None:
    marked = MarkedChanges(lambda: SqlChangeMarks(store), together=0.001)

    def add(begin: int) -> None:
        for number in range(begin, begin + 200):
            marked.add(updated(str(number)))

    threads = [threading.Thread(target=add, args=(begin,)) for begin in range(0, 1000, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    marked.close()
    assert marked.count() == {"scene": 1000}


class Counted(SqlChangeMarks):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.transactions = 0
        self.trouble: Exception | None = None

    @property
    def written(self) -> int:
        return sum(self.count().values())

    def mark(self, changes: object) -> None:
        self.transactions += 1
        if self.trouble is not None:
            raise self.trouble
        super().mark(changes)  # type: ignore[arg-type]
