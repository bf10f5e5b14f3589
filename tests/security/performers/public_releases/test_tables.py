"""Tables of a public release that are damaged, lack something, or do something."""

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.public_release_files import MadeRelease, change_tables, write_manifest
from tests.security.performers.public_releases.conftest import Refused

from stash_sense.errors import PublicReleaseDamaged, PublicReleaseIncomplete
from stash_sense.performers.public.importing import write_public
from stash_sense.performers.public.limits import PublicLimits


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"\xff" * 4000, b"text"], ids=range(3))
def test_tables_that_are_none_are_refused(made: MadeRelease, refused: Refused, content: bytes) -> None:
    (made.folder / "performers.db").write_bytes(content)
    write_manifest(made.folder)
    error = PublicReleaseDamaged if content else PublicReleaseIncomplete
    assert "performers.db" in refused(made.folder, error)


def test_tables_with_damaged_pages_are_refused(made: MadeRelease, refused: Refused) -> None:
    content = bytearray((made.folder / "performers.db").read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 + 8 : page * 4096 + 64] = os.urandom(56)
    (made.folder / "performers.db").write_bytes(content)
    write_manifest(made.folder)
    assert "performers.db" in refused(made.folder, PublicReleaseDamaged)


@pytest.mark.parametrize(
    ("statement", "lacks"),
    [
        ("DROP TABLE faces", "the table faces"),
        ("ALTER TABLE faces DROP COLUMN arcface_index", "the column faces.arcface_index"),
        ("ALTER TABLE performers DROP COLUMN canonical_name", "the column performers.canonical_name"),
        ("DROP TABLE stashbox_ids", "the table stashbox_ids"),
    ],
)
def test_a_missing_table_or_column_is_named(made: MadeRelease, refused: Refused, statement: str, lacks: str) -> None:
    change_tables(made.folder, statement)
    assert lacks in refused(made.folder, PublicReleaseIncomplete)


def test_a_view_is_no_table(made: MadeRelease, refused: Refused) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS performer_id FROM n"
    change_tables(
        made.folder,
        "DROP TABLE faces",
        f"CREATE VIEW faces AS SELECT performer_id, 1 AS facenet_index, 1 AS arcface_index FROM ({endless})",  # noqa: S608
    )
    assert "the table faces" in refused(made.folder, PublicReleaseIncomplete)


def test_a_virtual_table_is_no_table(made: MadeRelease, refused: Refused) -> None:
    change_tables(
        made.folder,
        "DROP TABLE faces",
        "CREATE VIRTUAL TABLE faces USING fts5(performer_id, facenet_index, arcface_index)",
    )
    assert "the table faces" in refused(made.folder, PublicReleaseIncomplete)


def test_triggers_views_and_computed_columns_do_nothing(made: MadeRelease, tmp_path: Path) -> None:
    change_tables(
        made.folder,
        "CREATE TRIGGER evil AFTER INSERT ON faces BEGIN DELETE FROM performers; END",
        "CREATE VIEW aliases_of AS SELECT load_extension('evil') FROM aliases",
        "ALTER TABLE performers ADD COLUMN heavy GENERATED ALWAYS AS (hex(zeroblob(300000)))",
    )
    for name in ("version", "scratch"):
        (tmp_path / name).mkdir()
    result = write_public(made.folder, tmp_path / "version", tmp_path / "scratch", datetime(2026, 1, 1, tzinfo=UTC))
    assert (result.manifest.face_count, result.notes) == (8, ())
    with sqlite3.connect(tmp_path / "version" / "performers.db") as db:
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone() == (0,)
    db.close()


def test_a_field_of_the_tables_that_is_too_long_is_refused(made: MadeRelease, refused: Refused) -> None:
    change_tables(made.folder, "UPDATE performers SET country = printf('%.*c', 3000000, 'x') WHERE id = 2")
    assert "too big" in refused(made.folder, PublicReleaseDamaged)


def test_more_rows_than_allowed_are_refused(made: MadeRelease, refused: Refused) -> None:
    change_tables(made.folder, "INSERT INTO faces (performer_id) VALUES (1)")
    assert "9 rows in faces" in refused(made.folder, PublicReleaseDamaged, PublicLimits(faces=8))


def test_the_tables_of_a_folder_are_never_written(made: MadeRelease, tmp_path: Path) -> None:
    before: dict[str, Any] = {file.name: file.read_bytes() for file in made.folder.iterdir()}
    for name in ("version", "scratch"):
        (tmp_path / name).mkdir()
    write_public(made.folder, tmp_path / "version", tmp_path / "scratch", datetime(2026, 1, 1, tzinfo=UTC))
    assert {file.name: file.read_bytes() for file in made.folder.iterdir()} == before
