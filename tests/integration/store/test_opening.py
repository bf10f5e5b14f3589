"""Opening the state: made, migrated, or refused and left as it is."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from tests.integration.store.states import NEXT, is_whole, made_state, names, next_migrations, rows
from tests.queue_files import PATIENCE

from stash_sense.adapters.store.schema import SHIPPED, differences, schema_in
from stash_sense.adapters.store.store import Store
from stash_sense.adapters.store.tables import METADATA
from stash_sense.errors import DiskFull, NotWritable, StateBusy, StateDamaged, StateForeign, StateTooNew


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def made_of(path: Path) -> set[tuple[str, str]]:
    """The statements that made all tables and indices, spaces aside."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {(name, " ".join(sql.split()).replace(" )", ")")) for name, sql in found if name != "alembic_version"}


def test_where_there_is_no_state_one_is_made_for_its_owner_alone(path: Path) -> None:
    store = Store.open(path)
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO user_settings VALUES ('a', '1', '')")
    assert {file: mode(path.with_name(file)) for file in names(path.parent)} == {
        "stash_sense.db": 0o600,
        "stash_sense.db-wal": 0o600,
        "stash_sense.db-shm": 0o600,
    }
    store.close()
    assert names(path.parent) == {"stash_sense.db"}
    assert rows(path) == {"a": "1"}


def test_the_migrations_make_what_the_program_believes_there_is(path: Path, tmp_path: Path) -> None:
    store = Store.open(path)
    with store.read() as connection:
        assert differences(connection) == []
    store.close()
    believed = tmp_path / "believed.db"
    engine = create_engine(f"sqlite:///{believed}")
    METADATA.create_all(engine)
    engine.dispose()
    assert made_of(path) == made_of(believed)
    assert schema_in(path) == SHIPPED.head


def test_a_connection_is_durable_holds_references_and_reads_beside_a_writer(path: Path) -> None:
    store = Store.open(path)
    with store.write() as writing:
        writing.exec_driver_sql("INSERT INTO user_settings VALUES ('a', '1', '')")
        with store.read() as reading:
            told = [
                reading.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
            assert told == ["wal", 2, 1, 5000]
            assert reading.exec_driver_sql("SELECT count(*) FROM user_settings").scalar() == 0
    store.close()


def test_what_fails_in_the_middle_leaves_nothing(path: Path) -> None:
    store = Store.open(path)
    with pytest.raises(ZeroDivisionError), store.write() as connection:  # noqa: PT012 - the end of a transaction
        connection.exec_driver_sql("INSERT INTO user_settings VALUES ('a', '1', '')")
        connection.exec_driver_sql("CREATE TABLE other (id INTEGER)")
        _ = 1 / 0
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM user_settings").scalar() == 0
        assert "other" not in {name for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
    store.close()


def test_an_old_state_is_migrated_with_a_backup_beside_it(path: Path, tmp_path: Path) -> None:
    made_state(path, a="1")
    Store.open(path, next_migrations(tmp_path)).close()
    assert schema_in(path) == NEXT
    assert rows(path) == {"a": "1"}
    (backup,) = (path.parent / "backups").iterdir()
    assert backup.name.startswith(f"stash_sense-{SHIPPED.head}-2")
    assert (schema_in(backup), rows(backup), mode(backup)) == (SHIPPED.head, {"a": "1"}, 0o600)


@pytest.mark.parametrize("more", ["    op.execute('SELECT * FROM no_such_table')", "    1 / 0"])
def test_a_migration_that_fails_in_the_middle_leaves_the_old_state(path: Path, tmp_path: Path, more: str) -> None:
    made_state(path, a="1")
    with pytest.raises(Exception, match=r"no_such_table|division"):
        Store.open(path, next_migrations(tmp_path, more))
    Store.open(path).close()
    assert schema_in(path) == SHIPPED.head
    assert rows(path) == {"a": "1"}


def test_a_migration_that_tears_references_apart_is_taken_back(path: Path, tmp_path: Path) -> None:
    made_state(path)
    more = """
    op.execute("CREATE TABLE child (parent INTEGER NOT NULL REFERENCES added (id))")
    op.execute("INSERT INTO child VALUES (7)")
"""
    with pytest.raises(StateDamaged, match="1 rows of child"):
        Store.open(path, next_migrations(tmp_path, more))
    assert schema_in(path) == SHIPPED.head


def test_a_state_of_a_newer_program_is_refused_and_left_as_it_is(path: Path, tmp_path: Path) -> None:
    Store.open(path, next_migrations(tmp_path)).close()
    before = path.read_bytes()
    with pytest.raises(StateTooNew, match=f"schema {NEXT}, this one knows up to {SHIPPED.head}"):
        Store.open(path)
    assert path.read_bytes() == before
    assert not (path.parent / "backups").exists()


@pytest.mark.parametrize(
    "content", [b"This is a letter, and no database.\n" * 200, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_what_is_no_database_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StateDamaged, match="stash-sense restore"):
        Store.open(path)
    assert path.read_bytes() == content


def test_the_state_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE schema_version (version); CREATE TABLE recommendations (id);")
    before = path.read_bytes()
    with pytest.raises(StateForeign, match="other tables"):
        Store.open(path)
    assert path.read_bytes() == before
    assert names(path.parent) == {"stash_sense.db"}


@pytest.mark.parametrize("version", ["a1b2c3", "", None])
def test_a_schema_without_a_number_is_another_programs(path: Path, version: str | None) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", [version])
        connection.commit()
    with pytest.raises(StateForeign):
        Store.open(path)


def test_an_empty_file_left_by_a_killed_process_becomes_a_state(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    Store.open(path).close()
    assert schema_in(path) == SHIPPED.head


def test_a_folder_whose_name_sqlite_would_misread_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"50% done?mode=ro#x &\xff")
    Store.open(folder / "stash_sense.db").close()
    assert names(folder) == {"stash_sense.db"}


def test_a_state_whose_file_went_is_not_made_anew_by_writing(path: Path) -> None:
    store = Store.open(path)
    store.close()
    path.unlink()
    with pytest.raises(NotWritable), store.write():
        pass
    assert names(path.parent) == set()


def test_where_a_file_is_in_the_way_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(NotWritable):
        Store.open(tmp_path / "data" / "stash_sense.db")
    (tmp_path / "folder" / "stash_sense.db").mkdir(parents=True)
    with pytest.raises(NotWritable):
        Store.open(tmp_path / "folder" / "stash_sense.db")


def test_a_disk_that_cannot_be_written_is_said(small_disk: Path) -> None:
    made_state(small_disk / "stash_sense.db", a="1")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    store = Store(small_disk / "stash_sense.db")
    with pytest.raises(NotWritable), store.write() as connection:
        connection.exec_driver_sql("DELETE FROM user_settings")
    with pytest.raises(NotWritable):
        Store.open(small_disk / "new" / "stash_sense.db")
    store.close()


def test_a_full_disk_leaves_no_half_of_a_state(small_disk: Path) -> None:
    (small_disk / "other").write_bytes(bytes(500 * 1024))
    with pytest.raises(DiskFull):
        Store.open(small_disk / "stash_sense.db")
    assert names(small_disk) == {"other"}


def test_a_disk_that_fills_up_keeps_what_was_committed(small_disk: Path) -> None:
    path = small_disk / "stash_sense.db"
    store = Store.open(path)
    kept = 0
    with pytest.raises(DiskFull):  # noqa: PT012 - it fails somewhere on the way
        while True:
            with store.write() as connection:
                row = (str(kept), "x" * 10_000)
                connection.exec_driver_sql("INSERT INTO user_settings VALUES (?, ?, '')", row)
            kept += 1
    assert kept > 0
    store.close()
    assert is_whole(path)
    assert len(rows(path)) == kept


def test_a_disk_too_small_for_the_backup_is_told_and_nothing_is_migrated(small_disk: Path, tmp_path: Path) -> None:
    path = made_state(small_disk / "stash_sense.db", a="x" * 150_000)
    (small_disk / "other").write_bytes(bytes(100 * 1024))
    with pytest.raises(DiskFull):
        Store.open(path, next_migrations(tmp_path))
    assert schema_in(path) == SHIPPED.head
    assert names(small_disk / "backups") == set()


def test_a_state_in_the_hands_of_another_is_waited_for_and_then_said(path: Path) -> None:
    made_state(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store = Store(path)
        with store.read() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 20")
        with pytest.raises(StateBusy), store.write():
            pass
        store.close()


def test_many_processes_may_open_it_at_once(path: Path) -> None:
    code = (
        "import sys, pathlib; from stash_sense.adapters.store.store import Store; "
        "Store.open(pathlib.Path(sys.argv[1])).close()"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [child.wait(PATIENCE) for child in children] == [0, 0, 0, 0]
    assert schema_in(path) == SHIPPED.head


def test_opening_what_is_up_to_date_needs_no_migrations(path: Path) -> None:
    made_state(path)
    code = (
        "import sys, pathlib; from stash_sense.adapters.store.store import Store; "
        "Store.open(pathlib.Path(sys.argv[1])).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=PATIENCE)


def test_the_tables_are_understood_by_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in METADATA.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))
