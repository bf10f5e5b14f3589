"""The tables of `performers.db`, and the one connection through which a finished one is read."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from stash_sense.errors import DatabaseDamaged, DatabaseUnreadable
from stash_sense.performers.records import PerformerRecord

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE performers (
    id INTEGER PRIMARY KEY,
    universal_id TEXT NOT NULL,
    canonical_name TEXT NOT NULL,
    disambiguation TEXT,
    gender TEXT,
    country TEXT,
    ethnicity TEXT,
    birth_date TEXT,
    death_date TEXT,
    height_cm INTEGER,
    eye_color TEXT,
    hair_color TEXT,
    career_start_year INTEGER,
    career_end_year INTEGER,
    scene_count INTEGER,
    stashdb_updated_at TEXT,
    face_count INTEGER NOT NULL,
    image_url TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE TABLE stashbox_ids (
    performer_id INTEGER NOT NULL REFERENCES performers(id),
    endpoint TEXT NOT NULL,
    stashbox_performer_id TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE aliases (
    id INTEGER PRIMARY KEY,
    performer_id INTEGER NOT NULL REFERENCES performers(id),
    alias TEXT NOT NULL,
    source_endpoint TEXT,
    created_at TEXT NOT NULL
);
CREATE TABLE faces (
    id INTEGER PRIMARY KEY,
    performer_id INTEGER NOT NULL REFERENCES performers(id),
    facenet_index INTEGER NOT NULL,
    arcface_index INTEGER NOT NULL,
    image_url TEXT,
    source_endpoint TEXT,
    quality_score REAL,
    created_at TEXT NOT NULL,
    pruned INTEGER NOT NULL DEFAULT 0,
    yaw REAL,
    pack TEXT NOT NULL,
    row INTEGER NOT NULL,
    image_hash TEXT
);
CREATE TABLE body_proportions (
    performer_id INTEGER NOT NULL REFERENCES performers(id),
    shoulder_hip_ratio REAL,
    leg_torso_ratio REAL,
    arm_span_height_ratio REAL,
    confidence REAL
);
CREATE TABLE tattoos (
    performer_id INTEGER NOT NULL REFERENCES performers(id), location TEXT, description TEXT
);
CREATE TABLE piercings (
    performer_id INTEGER NOT NULL REFERENCES performers(id), location TEXT, description TEXT
);
CREATE TABLE tattoo_detections (
    performer_id INTEGER NOT NULL REFERENCES performers(id),
    has_tattoos INTEGER,
    confidence REAL,
    detections_json TEXT
);
CREATE TABLE external_urls (performer_id INTEGER NOT NULL REFERENCES performers(id), url TEXT NOT NULL);
"""
"""Names and columns are those that existing tools read; `universal_id`, `pack`, `row` and `image_hash` are added.

A face's `facenet_index` and `arcface_index` are both its row in the vector files.
"""

INDEXES = """
CREATE UNIQUE INDEX performers_by_universal_id ON performers(universal_id);
CREATE INDEX performers_by_name ON performers(canonical_name COLLATE NOCASE);
CREATE INDEX stashbox_ids_by_performer ON stashbox_ids(performer_id);
CREATE INDEX stashbox_ids_by_id ON stashbox_ids(stashbox_performer_id, endpoint);
CREATE INDEX aliases_by_performer ON aliases(performer_id);
CREATE INDEX aliases_by_alias ON aliases(alias COLLATE NOCASE);
CREATE UNIQUE INDEX faces_by_row ON faces(row);
CREATE INDEX faces_by_performer ON faces(performer_id);
CREATE INDEX body_proportions_by_performer ON body_proportions(performer_id);
CREATE INDEX tattoos_by_performer ON tattoos(performer_id);
CREATE INDEX piercings_by_performer ON piercings(performer_id);
CREATE INDEX tattoo_detections_by_performer ON tattoo_detections(performer_id);
CREATE INDEX external_urls_by_performer ON external_urls(performer_id);
"""
"""Made once all rows are in."""

_SCHEMA_VERSION = "1"
_NEEDED = frozenset({"meta", "performers", "stashbox_ids", "aliases", "faces"})


_LONGEST = 16 * 1024 * 1024
"""Bytes of a row at most: a performer's longest text takes one."""

_NOT_GIVEN = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_FULL}
)
"""What SQLite says where nothing is wrong with the file."""

_RENAMED = {"name": "canonical_name", "upstream_updated_at": "stashdb_updated_at"}
_LISTED = frozenset({"stashbox_ids", "aliases", "body", "tattoos", "piercings", "tattoo_detection", "urls"})
"""Fields of a performer that are tables of their own."""
COLUMN_OF: Mapping[str, str] = {
    field.name: _RENAMED.get(field.name, field.name) for field in fields(PerformerRecord) if field.name not in _LISTED
}
"""The column of each other field of a performer."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds: TEXT, INTEGER or REAL."""

    kind: str
    nullable: bool


def columns() -> dict[str, dict[str, Column]]:
    """Return the columns of each table."""
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(TABLES)
        names = [str(name) for (name,) in empty.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: {
                name: Column(kind, not (needed or key))
                for _, name, kind, needed, _, key in empty.execute(f"PRAGMA table_info({table})")
            }
            for table in names
        }


def create(path: Path, version: str) -> sqlite3.Connection:
    """Make an empty database for one writer; nothing of it is durable before `finish`."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.executescript(TABLES)
        rows = [("schema_version", _SCHEMA_VERSION), ("version", version)]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    except BaseException:
        connection.close()
        raise
    return connection


def finish(connection: sqlite3.Connection) -> None:
    """Make the indexes and close; flushing the file to the disk is the caller's."""
    connection.execute("COMMIT")
    connection.executescript(INDEXES)
    connection.execute("ANALYZE")
    connection.close()


def open_finished(path: Path) -> sqlite3.Connection:
    """Open a finished database to read: a file that never changes, from any thread, one at a time.

    Raises:
        DatabaseDamaged: it is no database, or not one with the tables there must be.
        DatabaseUnreadable: it may not be read.
    """
    with reading(path):
        if not path.is_file():
            raise DatabaseDamaged(path=path, reason="the file is missing")
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0"):
                connection.execute(f"PRAGMA {pragma}")
            with closing(connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")) as rows:
                there = {name for (name,) in rows}
            if missing := _NEEDED - there:
                raise DatabaseDamaged(path=path, reason=f"it has no table {min(missing)}")
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of all that can go wrong with the content of a finished database that it is damaged.

    Raises:
        DatabaseUnreadable: the disk or the memory did not give it.
        DatabaseDamaged: in place of SQLite's other errors, and of those about values that are not what they must be.
    """
    try:
        yield
    except OSError as error:
        raise DatabaseUnreadable(path=path, reason=error.strerror or "it cannot be read") from error
    except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_GIVEN:
            raise DatabaseUnreadable(path=path, reason=str(error)) from error
        raise DatabaseDamaged(path=path, reason=str(error)) from error
