"""Where the pictures of a stored version are, by the rows of their faces."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.performers_files import EMBEDDERS, install_version, vectors

from stash_sense.errors import DatabaseDamaged
from stash_sense.performers import schema
from stash_sense.performers.manifest import DATABASE_NAME
from stash_sense.performers.records import FaceRecord, PerformerRecord, ReferencePicture
from stash_sense.performers.roster import StoredRoster
from stash_sense.performers.versions.library import PerformersLibrary

FACES = (
    FaceRecord(None, "javascript:alert(1)", "pmvstash.org"),
    FaceRecord("aa" * 32, "https://stashdb.org/images/1.jpg", "stashdb.org"),
    FaceRecord("bb" * 32, None, "folder"),
)
"""In the order in which they are stored, by their hashes."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    parts = tuple(vectors(number, len(FACES), dim) for number, (_, dim) in enumerate(EMBEDDERS))
    person = (PerformerRecord("stashdb.org:1", "Somebody"), FACES, parts)
    return install_version(PerformersLibrary(tmp_path / "performers"), [person]).folder


def pictures(folder: Path, *rows: int) -> tuple[ReferencePicture, ...]:
    path = folder / DATABASE_NAME
    roster = StoredRoster(path, schema.open_finished(path), np.array([1]))
    try:
        return roster.pictures(rows)
    finally:
        roster.close()


def test_they_are_told_in_the_order_asked_for_and_no_address_but_one_of_the_web(folder: Path) -> None:
    first = ReferencePicture("stashdb.org", "https://stashdb.org/images/1.jpg", sha256="aa" * 32)
    second = ReferencePicture("folder", sha256="bb" * 32)
    assert pictures(folder, 2, 1, 2) == (second, first, second)
    assert pictures(folder, 0) == (ReferencePicture("pmvstash.org"),)
    assert pictures(folder) == ()


def test_a_row_that_is_not_there_has_no_picture(folder: Path) -> None:
    assert pictures(folder, 99) == (ReferencePicture(),)


def test_an_address_that_is_no_text_is_damage(folder: Path) -> None:
    path = folder / DATABASE_NAME
    path.chmod(0o600)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE faces SET image_url = x'00ff'")
    with pytest.raises(DatabaseDamaged):
        pictures(folder, 0)
