import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stash_sense.errors import DiskFull, NotWritable
from stash_sense.performers.temporary import storage_error_of


def test_a_full_disk_is_no_damage(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.executescript("CREATE TABLE a (b); PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.Error) as raised:
            database.execute("INSERT INTO a VALUES (zeroblob(100000))")
    assert isinstance(storage_error_of(raised.value), DiskFull)


def test_a_place_that_cannot_be_opened_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error) as raised:
        sqlite3.connect(tmp_path / "nowhere" / "a.db")
    assert isinstance(storage_error_of(raised.value), NotWritable)


def test_other_errors_are_not_about_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"noise" * 1000)
    with closing(sqlite3.connect(tmp_path / "a.db")) as database, pytest.raises(sqlite3.Error) as raised:
        database.execute("SELECT * FROM a")
    assert storage_error_of(raised.value) is None
    assert storage_error_of(OverflowError()) is None
