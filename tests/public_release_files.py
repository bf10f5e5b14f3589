"""Makes small genuine public releases of the performer database: tables, maps, and indexes written by Voyager itself.

In tests: `from tests.public_release_files import make_release, write_manifest, zip_release`.
"""

import hashlib
import json
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import voyager

from stash_sense.kernel.arrays import Floats
from stash_sense.performers.public.limits import MANIFEST
from stash_sense.recognition.space import unit

DIM = 512
E4M3, FLOAT32 = voyager.StorageDataType.E4M3, voyager.StorageDataType.Float32
INDEXES = ("face_facenet.voy", "face_arcface.voy")

TABLES = """
CREATE TABLE performers (id INTEGER PRIMARY KEY, canonical_name TEXT, disambiguation TEXT, gender TEXT, country TEXT,
    ethnicity TEXT, birth_date TEXT, death_date TEXT, height_cm INTEGER, eye_color TEXT, hair_color TEXT,
    career_start_year INTEGER, career_end_year INTEGER, scene_count INTEGER, stashdb_updated_at TEXT,
    face_count INTEGER, image_url TEXT, created_at TEXT, updated_at TEXT);
CREATE TABLE stashbox_ids (performer_id INTEGER, endpoint TEXT, stashbox_performer_id TEXT, created_at TEXT,
    PRIMARY KEY (endpoint, stashbox_performer_id, performer_id)) WITHOUT ROWID;
CREATE TABLE aliases (id INTEGER PRIMARY KEY, performer_id INTEGER, alias TEXT, source_endpoint TEXT,
    created_at TEXT);
CREATE TABLE faces (id INTEGER PRIMARY KEY, performer_id INTEGER, facenet_index INTEGER, arcface_index INTEGER,
    image_url TEXT, source_endpoint TEXT, quality_score REAL, created_at TEXT, pruned INTEGER DEFAULT 0, yaw REAL);
"""
SIGNALS = """
CREATE TABLE body_proportions (performer_id INTEGER, shoulder_hip_ratio REAL, leg_torso_ratio REAL,
    arm_span_height_ratio REAL, confidence REAL);
CREATE TABLE tattoos (performer_id INTEGER, location TEXT, description TEXT);
CREATE TABLE piercings (performer_id INTEGER, location TEXT, description TEXT);
CREATE TABLE tattoo_detections (performer_id INTEGER, has_tattoos INTEGER, confidence REAL, detections_json TEXT);
CREATE TABLE external_urls (performer_id INTEGER, url TEXT);
"""
"""The tables that older releases do not have."""


@dataclass(frozen=True, slots=True, eq=False)
class MadeRelease:
    """A release in a folder.

    Attributes:
        folder: of its files.
        owners: universal id of each label; None of nobody's.
        vectors: of each index, (labels, 512) float32 as the library gives them back, at unit length.
    """

    folder: Path
    owners: list[str | None]
    vectors: tuple[Floats, Floats]

    def labels_of(self, name: str) -> list[int]:
        """The labels of a performer's faces, ascending."""
        return [label for label, owner in enumerate(self.owners) if owner == name]


def made_vectors(count: int, seed: int, dim: int = DIM) -> Floats:
    vectors = np.random.default_rng(seed).standard_normal((count, dim), np.float32)
    return unit(vectors)


def universal_id_of(number: int) -> str:
    """The id of a made performer: that of StashDB, or for every fifth one that of ThePornDB."""
    domain = "theporndb.net" if number % 5 == 4 else "stashdb.org"
    return f"{domain}:{_uuid(number)}"


def _uuid(number: int) -> str:
    # In another order than the numbers, as genuine ones are.
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


def write_index(path: Path, vectors: Floats, storage: Any = FLOAT32, labels: Any = None, **options: Any) -> None:
    """Write an index of vectors with the library, inserted in the order of `labels` (default: shuffled)."""
    order = np.random.default_rng(1).permutation(len(vectors)) if labels is None else np.asarray(labels)
    settings = {"M": 4, "ef_construction": 16, "max_elements": max(len(vectors), 1)} | options
    index = voyager.Index(voyager.Space.Cosine, vectors.shape[1], storage_data_type=storage, **settings)
    if len(vectors):
        index.add_items(vectors[order], ids=order.tolist(), num_threads=1)
    index.save(str(path))


def make_release(
    folder: Path, *, performers: int = 12, faces_each: int = 3, storage: Any = E4M3, signals: bool = True
) -> MadeRelease:
    """Make a release whose performers have `faces_each` faces each, shuffled over the labels.

    Of every performer but the first: aliases, two links; of the even ones a body, a tattoo and a piercing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = performers * faces_each
    of = np.random.default_rng(0).permutation(np.repeat(np.arange(1, performers + 1), faces_each))
    owners: list[str | None] = [universal_id_of(number) for number in of.tolist()]
    kept = []
    for seed, name in enumerate(INDEXES):
        write_index(folder / name, made_vectors(count, seed), storage)
        got = voyager.Index.load(str(folder / name)).get_vectors(list(range(count)))
        kept.append(unit(got))
    write_tables(folder, of.tolist(), performers, signals=signals)
    write_maps(folder, owners)
    write_manifest(folder, performer_count=performers, face_count=count)
    return MadeRelease(folder, owners, (kept[0], kept[1]))


def write_tables(folder: Path, of: list[int], performers: int, *, signals: bool = True) -> None:
    """Write `performers.db`; `of` has the number of the performer whose face each label is."""
    (folder / "performers.db").unlink(missing_ok=True)
    with closing(sqlite3.connect(folder / "performers.db")) as db, db:
        db.executescript(TABLES + (SIGNALS if signals else ""))
        numbers = range(1, performers + 1)
        born, faces = "1990-01-02", Counter(of)
        db.executemany(
            "INSERT INTO performers VALUES"
            " (?,?,NULL,'FEMALE','US',NULL,?,NULL,170,'BLUE',NULL,2010,NULL,?,NULL,?,?,?,?)",
            [(n, f"Performer {n}", born, n, faces[n], f"https://cdn.test/{n}.jpg", born, born) for n in numbers],
        )
        ids = [(n, *_short_id(universal_id_of(n)), born) for n in numbers]
        ids += [(n, "fansdb", f"fans-{n}", born) for n in numbers if n % 2 == 0]
        db.executemany("INSERT INTO stashbox_ids VALUES (?,?,?,?)", ids)
        db.executemany(
            "INSERT INTO aliases (performer_id, alias, source_endpoint, created_at) VALUES (?,?,'stashdb',?)",
            [(n, f"{word} {n}", born) for n in numbers[1:] for word in ("Other", "Another")],
        )
        db.executemany(
            "INSERT INTO faces (performer_id, facenet_index, arcface_index, image_url, source_endpoint,"
            " quality_score, created_at, yaw) VALUES (?,?,?,?,'stashdb',?,?,?)",
            [(n, at, at, f"https://cdn.test/face/{at}.jpg", 0.5 + at / 1000, born, -3.5) for at, n in enumerate(of)],
        )
        if signals:
            write_signals(db, numbers)


def write_signals(db: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Fill the tables of body, tattoos, piercings and links."""
    even = [n for n in numbers if n % 2 == 0]
    db.executemany("INSERT INTO body_proportions VALUES (?,1.25,0.9,1.01,0.8)", [(n,) for n in even])
    db.executemany("INSERT INTO tattoos VALUES (?,'left arm','a rose')", [(n,) for n in even])
    db.executemany("INSERT INTO piercings VALUES (?,'navel',NULL)", [(n,) for n in even])
    db.executemany("INSERT INTO tattoo_detections VALUES (?,1,0.75,'[]')", [(n,) for n in even])
    db.executemany(
        "INSERT INTO external_urls VALUES (?,?)", [(n, f"https://{s}.test/{n}") for n in even for s in "ab"]
    )


def _short_id(name: str) -> tuple[str, str]:
    domain, _, there = name.partition(":")
    return {"stashdb.org": "stashdb", "theporndb.net": "theporndb"}[domain], there


def write_maps(folder: Path, owners: list[str | None]) -> None:
    """Write `faces.json` and `performers.json`."""
    (folder / "faces.json").write_text(json.dumps(owners))
    entry = {"name": "Jürgen 山田", "country": "US", "image_url": None, "face_count": 3}
    names = {name: entry for name in owners if name is not None}
    (folder / "performers.json").write_text(json.dumps(names, ensure_ascii=False))


def change_tables(folder: Path, *statements: str) -> None:
    """Change `performers.db`, and put its checksum into the manifest."""
    with closing(sqlite3.connect(folder / "performers.db", isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
    write_manifest(folder)


def write_manifest(folder: Path, **changes: Any) -> None:
    """Write `manifest.json` with the checksums of what is there now; the rest stays as it was, but for `changes`."""
    files = [file for file in sorted(folder.iterdir()) if file.name != MANIFEST and file.is_file()]
    checksums = {file.name: f"sha256:{_sha256(file)}" for file in files}
    before: dict[str, Any] = {
        "version": "2026.02.18",
        "sources": ["stashdb", "theporndb"],
        "created_at": "2026-02-18T10:00:00Z",
    }
    if (folder / MANIFEST).exists():
        before = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(before | {"checksums": checksums} | changes))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def change_manifest(folder: Path, checksums: Mapping[str, str | None]) -> None:
    """Change checksums in the manifest; None takes one away."""
    manifest = json.loads((folder / MANIFEST).read_text())
    merged = manifest["checksums"] | checksums
    manifest["checksums"] = {name: value for name, value in merged.items() if value is not None}
    (folder / MANIFEST).write_text(json.dumps(manifest))


def zip_release(folder: Path, path: Path, inside: str = "") -> Path:
    """Pack a release: at the top of the zip, or in one folder of it."""
    prefix = f"{inside}/" if inside else ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, prefix + file.name)
    return path
