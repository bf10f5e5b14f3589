"""A version whose tables hold what no program of ours writes is refused before it is put into use."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.performers_files import EMBEDDERS, PACK, install_version, people

from stash_sense.errors import Cancelled, DatabaseDamaged
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.checking import check_database
from stash_sense.performers.database import PackSpace, PerformersDatabase
from stash_sense.performers.reader import read_performers
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel
from stash_sense.performers.versions.canary import prove
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.recognition.space import Block, FaceSpace

SPACE = PackSpace(PACK, tuple(name for name, _ in EMBEDDERS), FaceSpace.plain([Block(24, 0.5), Block(16, 0.5)]))

HOSTILE = [
    "UPDATE performers SET face_count = 'abc' WHERE id = 2",
    "UPDATE performers SET face_count = 1 WHERE id = 2",
    "UPDATE performers SET face_count = -1 WHERE id = 2",
    "UPDATE performers SET face_count = 9223372036854775807 WHERE id = 2",
    "UPDATE performers SET canonical_name = CAST(x'ff' AS TEXT) WHERE id = 2",
    "UPDATE performers SET canonical_name = x'00' WHERE id = 2",
    "UPDATE performers SET universal_id = 'nobody' WHERE id = 2",
    "UPDATE performers SET universal_id = 'test.org:9' WHERE id = 2",
    "UPDATE performers SET height_cm = 'tall' WHERE id = 2",
    "UPDATE performers SET id = 9 WHERE id = 2",
    "UPDATE faces SET performer_id = 2 WHERE row = 0",
    "UPDATE faces SET row = 100 WHERE row = 0",
    "UPDATE faces SET facenet_index = 1 WHERE row = 0",
    "UPDATE faces SET quality_score = 'best' WHERE row = 0",
    "INSERT INTO faces SELECT 99, 99, 99, 99, NULL, NULL, NULL, '', 0, NULL, '', 99, NULL",
    "INSERT INTO aliases VALUES (1, 1, CAST(x'c328' AS TEXT), NULL, '')",
    "INSERT INTO aliases VALUES (1, 1, x'00', NULL, '')",
    "DELETE FROM performers WHERE id = 3",
    "DELETE FROM meta",
    "UPDATE meta SET value = '1.0' WHERE key = 'version'",
    "DROP TABLE tattoos; CREATE VIEW tattoos AS SELECT 1 AS performer_id, '' AS location, '' AS description",
    "ALTER TABLE aliases RENAME COLUMN alias TO a; ALTER TABLE aliases ADD COLUMN alias TEXT AS (hex(zeroblob(9)))",
    "ALTER TABLE performers DROP COLUMN gender",
]


@pytest.fixture
def version(tmp_path: Path) -> InstalledVersion:
    return install_version(PerformersLibrary(tmp_path / "performers"), people(3))


def changed(version: InstalledVersion, script: str) -> Path:
    path = version.folder / "performers.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)
    return path


def test_what_was_written_here_is_whole(version: InstalledVersion, tmp_path: Path) -> None:
    check_database(version.folder, version.manifest, CancelToken())
    empty = install_version(PerformersLibrary(tmp_path / "empty"), [])
    check_database(empty.folder, empty.manifest, CancelToken())


@pytest.mark.parametrize("script", HOSTILE)
def test_tables_that_hold_something_else_are_damaged(version: InstalledVersion, tmp_path: Path, script: str) -> None:
    changed(version, script)
    with pytest.raises(DatabaseDamaged):
        prove(version, SPACE, tmp_path, NumpyInt8Kernel(), CancelToken())


@pytest.mark.parametrize("script", HOSTILE)
def test_whatever_is_read_of_them_is_right_or_an_error_of_ours(
    version: InstalledVersion, tmp_path: Path, script: str
) -> None:
    changed(version, script)
    try:
        list(read_performers(version.folder, version.manifest))
        with closing(PerformersDatabase.open(version, tmp_path, SPACE, NumpyInt8Kernel())) as database:
            assert all(isinstance(person.name, str) for person in database.roster)
    except DatabaseDamaged:
        pass


def test_a_page_that_is_damaged_is_found(version: InstalledVersion) -> None:
    path = changed(version, "")
    with closing(sqlite3.connect(path)) as database:
        page, size = (
            database.execute(query).fetchone()[0]
            for query in ("SELECT rootpage FROM sqlite_master WHERE name = 'external_urls'", "PRAGMA page_size")
        )
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = b"\x5a" * size
    path.write_bytes(content)
    with pytest.raises(DatabaseDamaged):
        check_database(version.folder, version.manifest, CancelToken())


def test_checking_can_be_stopped(tmp_path: Path) -> None:
    version = install_version(PerformersLibrary(tmp_path / "performers"), people(5_000))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        check_database(version.folder, version.manifest, cancel)
