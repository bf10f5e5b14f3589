"""Fingerprints in one file and their faces in another, which may be older, damaged, or gone."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from tests.integration.store.states import is_whole, made_state, next_migrations
from tests.made_fingerprints import fingerprint, kept, person, same_faces

from stash_sense.adapters.store.backup import backup
from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.adapters.store.schema import Migrations, schema_in
from stash_sense.adapters.store.store import Store
from stash_sense.errors import FacesFileDamaged, FacesFileTooNew, NotWritable, StateBusy, StateForeign
from stash_sense.fingerprints.fingerprint import Item, Outcome

ONE = Item("scene", "1")


@contextmanager
def opened(path: Path) -> Iterator[SqlFingerprints]:
    store = Store.open(path)
    fingerprints = SqlFingerprints(store, path.with_name("faces.db"))
    yield fingerprints
    fingerprints.close()
    store.close()


def one_kept(path: Path) -> Path:
    """A state with one scene and its faces, closed; gives the file of faces."""
    with opened(path) as fingerprints:
        fingerprints.keep(fingerprint(), kept())
    return path.with_name("faces.db")


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def asked(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def test_what_was_kept_is_there_when_the_files_are_opened_again(path: Path) -> None:
    faces = one_kept(path)
    assert (faces.stat().st_mode & 0o777, is_whole(faces), is_whole(path)) == (0o600, True, True)
    assert sorted(file.name for file in path.parent.iterdir() if file.suffix == ".db") == [
        "faces.db",
        "stash_sense.db",
    ]
    with opened(path) as fingerprints:
        assert fingerprints.get(ONE) == fingerprint()
        assert same_faces(fingerprints.faces("scene", ["1"])["1"], kept())
        assert fingerprints.crop(ONE, min(kept().crops)) == kept().crops[min(kept().crops)]


def test_no_file_of_faces_is_made_as_long_as_there_are_none(path: Path) -> None:
    with opened(path) as fingerprints:
        assert fingerprints.marks("scene", ["1"]) == {}
        assert fingerprints.get(ONE) is None
    assert not path.with_name("faces.db").exists()


def test_where_the_file_of_faces_was_deleted_what_had_faces_is_looked_at_again(path: Path) -> None:
    faces = one_kept(path)
    with opened(path) as fingerprints:
        fingerprints.keep(fingerprint("2", outcome=Outcome.NO_FACE), None)
    faces.unlink()
    with opened(path) as fingerprints:
        assert list(fingerprints.marks("scene", ["1", "2"])) == ["2"]
        assert fingerprints.get(ONE) == fingerprint()
        assert fingerprints.faces("scene", ["1"]) == {}
        assert fingerprints.crop(ONE, 0) is None
        fingerprints.keep(fingerprint(), kept(1))
        assert list(fingerprints.marks("scene", ["1", "2"])) == ["1", "2"]
        assert same_faces(fingerprints.faces("scene", ["1"])["1"], kept(1))


def test_after_a_backup_was_restored_only_what_has_its_faces_is_taken_for_done(path: Path, tmp_path: Path) -> None:
    one_kept(path)
    with opened(path) as fingerprints:
        fingerprints.keep(fingerprint("2"), kept(2))
    backup(path, tmp_path / "kept.db")
    with opened(path) as fingerprints:
        fingerprints.keep(fingerprint("2", content="oshash:new"), kept(3))
    shutil.copy(tmp_path / "kept.db", path)
    with opened(path) as fingerprints:
        assert list(fingerprints.marks("scene", ["1", "2"])) == ["1"]
        assert list(fingerprints.faces("scene", ["1", "2"])) == ["1"]
        assert fingerprints.crop(Item("scene", "2"), min(kept(3).crops)) is None


def test_faces_that_are_damaged_are_looked_at_again(path: Path) -> None:
    faces = one_kept(path)
    with opened(path) as fingerprints:
        fingerprints.keep(fingerprint("2"), kept(2))
    changed(faces, "UPDATE faces SET packed = substr(packed, 1, 200) WHERE number = 1")
    with opened(path) as fingerprints:
        assert list(fingerprints.faces("scene", ["1", "2"])) == ["2"]
        assert list(fingerprints.marks("scene", ["1", "2"])) == ["2"]
        assert fingerprints.get(ONE) == fingerprint()


def test_pictures_that_are_damaged_are_not_there(path: Path) -> None:
    faces = one_kept(path)
    changed(faces, "UPDATE faces SET crops = substr(crops, 1, 20)")
    with opened(path) as fingerprints:
        assert fingerprints.crop(ONE, min(kept().crops)) is None
        assert list(fingerprints.faces("scene", ["1"])) == ["1"]


@pytest.mark.parametrize(
    "content", [b"This is a letter, and no database.\n" * 200, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_of_faces_that_is_none_may_be_deleted_and_is_left_as_it_is(path: Path, content: bytes) -> None:
    faces = one_kept(path)
    faces.write_bytes(content)
    with opened(path) as fingerprints:
        with pytest.raises(FacesFileDamaged, match="delete it"):
            fingerprints.marks("scene", ["1"])
        with pytest.raises(FacesFileDamaged):
            fingerprints.keep(fingerprint("2"), kept())
        assert fingerprints.get(Item("scene", "2")) is None
        assert fingerprints.get(ONE) == fingerprint()
    assert faces.read_bytes() == content


def test_damage_in_the_middle_of_the_file_of_faces_is_said(path: Path) -> None:
    faces = path.with_name("faces.db")
    with opened(path) as fingerprints:
        for number in range(1, 60):
            fingerprints.keep(fingerprint(str(number)), kept(number))
    content = faces.read_bytes()
    faces.write_bytes(content[:8192] + b"\xa5" * (len(content) - 8192))
    with opened(path) as fingerprints, pytest.raises(FacesFileDamaged):
        fingerprints.faces("scene", [str(number) for number in range(1, 60)])


def test_a_file_of_faces_of_a_newer_program_is_refused_and_left_as_it_is(path: Path) -> None:
    faces = one_kept(path)
    changed(faces, "PRAGMA user_version = 2")
    before = faces.read_bytes()
    with opened(path) as fingerprints, pytest.raises(FacesFileTooNew, match="schema 2, this one knows up to 1"):
        fingerprints.marks("scene", ["1"])
    assert faces.read_bytes() == before


def test_the_file_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    faces = path.with_name("faces.db")
    path.parent.mkdir()
    changed(faces, "CREATE TABLE faces (id INTEGER)")
    before = faces.read_bytes()
    with opened(path) as fingerprints, pytest.raises(StateForeign, match="other tables"):
        fingerprints.keep(fingerprint(), kept())
    assert faces.read_bytes() == before


def test_an_empty_file_left_by_a_killed_process_becomes_a_file_of_faces(path: Path) -> None:
    path.parent.mkdir()
    path.with_name("faces.db").touch()
    one_kept(path)
    assert is_whole(path.with_name("faces.db"))


def test_where_something_else_has_its_name_it_is_said(path: Path) -> None:
    path.with_name("faces.db").mkdir(parents=True)
    with opened(path) as fingerprints, pytest.raises(NotWritable):
        fingerprints.keep(fingerprint(), kept())


def test_a_file_of_faces_in_the_hands_of_another_is_waited_for_and_then_said(path: Path) -> None:
    faces = one_kept(path)
    quick = "PRAGMA busy_timeout = 20"
    with opened(path) as fingerprints, closing(sqlite3.connect(faces, isolation_level=None)) as other:

        def hurry(connection: sqlite3.Connection, _: object) -> None:
            connection.execute(quick)

        event.listen(Engine, "connect", hurry)
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(StateBusy):
                fingerprints.keep(fingerprint("2"), kept())
        finally:
            event.remove(Engine, "connect", hurry)
        other.execute("ROLLBACK")
        fingerprints.keep(fingerprint("2"), kept())


def test_one_faces_row_is_left_however_often_an_item_is_looked_at(path: Path) -> None:
    with opened(path) as fingerprints:
        for turn in range(5):
            fingerprints.keep(fingerprint(), kept(turn))
    faces = path.with_name("faces.db")
    assert asked(faces, "SELECT count(*) FROM faces") == [(1,)]


def test_what_is_forgotten_leaves_nothing_in_either_file(path: Path) -> None:
    with opened(path) as fingerprints:
        for kind in ("scene", "image"):
            fingerprints.keep(fingerprint("1", kind, galleries=("5",)), kept())
            fingerprints.forget(kind, after=0, upto=None, there=[])
    tables = ("fingerprints", "fingerprint_faces")
    for table in (
        *(f"{kind}_{table}" for kind in ("scene", "image") for table in tables),
        "image_fingerprint_galleries",
    ):
        assert asked(path, f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608  our own names
    assert asked(path.with_name("faces.db"), "SELECT count(*) FROM faces") == [(0,)]


def test_faces_whose_fingerprint_was_never_written_go_with_the_next_stretch(path: Path) -> None:
    faces = one_kept(path)
    changed(path, "DELETE FROM scene_fingerprint_faces", "DELETE FROM scene_fingerprints")
    with opened(path) as fingerprints:
        assert fingerprints.marks("scene", ["1"]) == {}
        assert fingerprints.forget("scene", after=0, upto=None, there=["2"]) == []
    assert asked(faces, "SELECT count(*) FROM faces") == [(0,)]


def test_a_page_takes_a_handful_of_statements(path: Path) -> None:
    statements: list[str] = []
    ids = [str(number) for number in range(1, 501)]
    ones = [fingerprint(id_) for id_ in ids]

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    with opened(path) as fingerprints:
        for one in ones[:20]:
            fingerprints.keep(one, kept())
        fingerprints.marks("scene", ids)
        event.listen(Engine, "before_cursor_execute", note)
        try:
            counts = []
            for call in (
                lambda: fingerprints.marks("scene", ids),
                lambda: fingerprints.several("scene", ids),
                lambda: fingerprints.faces("scene", ids),
                lambda: fingerprints.rematched(ones),
            ):
                statements.clear()
                call()
                counts.append(len(statements))
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    # Each transaction has a BEGIN.
    assert counts == [4, 3, 4, 5]


def test_texts_of_names_of_files_that_are_no_text_are_kept(path: Path) -> None:
    odd = "film \udcff.mp4"
    with opened(path) as fingerprints:
        fingerprints.keep(fingerprint(title=odd, message=odd, outcome=Outcome.FAILED), None)
        found = fingerprints.get(ONE)
    assert found is not None
    assert (found.title, found.message) == ("film \ufffd.mp4",) * 2


def test_the_box_of_the_best_face_of_an_image_has_columns(path: Path) -> None:
    with opened(path) as fingerprints:
        fingerprints.keep(fingerprint("1", "image", persons=(person(), person("Bob", marks=()))), kept())
    columns = "performer_id, confidence, bbox_x, bbox_y, bbox_w, bbox_h"
    assert asked(path, f"SELECT {columns} FROM image_fingerprint_faces ORDER BY place") == [  # noqa: S608
        ("stashdb.org:ada", 0.9, 1.0, 2.5, 30.0, 40.0),
        ("stashdb.org:bob", 0.9, None, None, None, None),
    ]


def test_a_state_from_before_there_were_fingerprints_gets_room_for_them(path: Path, tmp_path: Path) -> None:
    shipped = next_migrations(tmp_path).folder
    (shipped / "versions" / "next.py").unlink()
    (shipped / "versions" / "r0004_fingerprints.py").unlink()
    for later in shipped.glob("versions/r000[5-9]*.py"):
        later.unlink()
    Store.open(path, Migrations(shipped, "0003")).close()
    assert schema_in(path) == "0003"
    one_kept(path)
    with opened(path) as fingerprints:
        assert fingerprints.get(ONE) == fingerprint()


def test_a_newer_schema_leaves_fingerprints_and_their_people(path: Path, tmp_path: Path) -> None:
    made_state(path)
    one_kept(path)
    Store.open(path, next_migrations(tmp_path)).close()
    assert asked(path, "SELECT count(*) FROM scene_fingerprint_faces") == [(2,)]
