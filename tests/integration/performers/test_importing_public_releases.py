import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.public_release_files import (
    E4M3,
    FLOAT32,
    INDEXES,
    MadeRelease,
    change_tables,
    made_vectors,
    make_release,
    universal_id_of,
    write_index,
    write_manifest,
    write_maps,
    zip_release,
)

from stash_sense.errors import Cancelled, PublicReleaseUnreadable
from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.performers.public.importing import PublicImport, write_public
from stash_sense.performers.public.limits import PublicLimits

NOW = datetime(2026, 11, 22, tzinfo=UTC)
Import = Callable[..., PublicImport]
Tables = Callable[[str], list[Any]]


@pytest.fixture
def version(tmp_path: Path) -> Path:
    (tmp_path / "version").mkdir()
    return tmp_path / "version"


@pytest.fixture
def imported(tmp_path: Path, version: Path) -> Import:
    """Imports a release into `version`."""

    def run(path: Path, **options: Any) -> PublicImport:
        (tmp_path / "scratch").mkdir()
        return write_public(path, version, tmp_path / "scratch", NOW, **options)

    return run


@pytest.fixture
def tables(version: Path) -> Tables:
    """Asks the tables of `version`, once something was imported."""

    def ask(query: str) -> list[Any]:
        with closing(sqlite3.connect(version / "performers.db")) as db:
            return db.execute(query).fetchall()

    return ask


def notes_of(result: PublicImport) -> dict[str, int]:
    return {note.code: note.count for note in result.notes}


def vectors_of(version: Path, embedder: str) -> Floats:
    vectors: Floats = np.load(version / f"vectors-{embedder}.npy").astype(np.float32)
    return vectors


def in_order(made: MadeRelease) -> list[int]:
    """Labels in the order of a version: by universal id, then by label."""
    return [label for name in sorted({owner for owner in made.owners if owner}) for label in made.labels_of(name)]


@pytest.mark.parametrize("storage", [E4M3, FLOAT32], ids=["e4m3", "float32"])
@pytest.mark.parametrize("layout", ["folder", "zip", "zip with a folder"])
def test_a_release_becomes_a_version_with_every_performer_face_and_vector(
    tmp_path: Path, version: Path, imported: Import, storage: Any, layout: str
) -> None:
    made = make_release(tmp_path / "release", storage=storage)
    path = made.folder
    if layout != "folder":
        path = zip_release(made.folder, tmp_path / "release.zip", "data" if "folder" in layout else "")
    result = imported(path)
    assert result.notes == ()
    assert (result.manifest.version, result.manifest.pack) == ("2026.02.18", "stash-sense")
    assert (result.manifest.performer_count, result.manifest.face_count) == (12, 36)
    assert [(part.id, part.dim) for part in result.manifest.embedders] == [("facenet512", 512), ("arcface", 512)]
    assert result.manifest.created_at == datetime(2026, 2, 18, 10, tzinfo=UTC)
    assert result.manifest.sources == ("stashdb", "theporndb")
    assert result.manifest.imported_from == f"public release 2026.02.18 ({path.name})"
    for embedder, vectors in zip(("facenet512", "arcface"), made.vectors, strict=True):
        np.testing.assert_allclose(vectors_of(version, embedder), vectors[in_order(made)], atol=2e-4)


def test_faces_keep_where_they_come_from_and_lie_by_performer(
    tmp_path: Path, imported: Import, tables: Tables
) -> None:
    made = make_release(tmp_path / "release")
    imported(made.folder)
    rows = tables(
        "SELECT universal_id, faces.image_url, source_endpoint, quality_score, yaw FROM faces"
        " JOIN performers ON performers.id = performer_id ORDER BY row"
    )
    assert rows == [
        (made.owners[at], f"https://cdn.test/face/{at}.jpg", "stashdb", 0.5 + at / 1000, -3.5)
        for at in in_order(made)
    ]


def test_all_that_is_known_of_a_performer_is_kept(tmp_path: Path, imported: Import, tables: Tables) -> None:
    imported(make_release(tmp_path / "release").folder)
    wanted = f"WHERE performer_id = (SELECT id FROM performers WHERE universal_id = '{universal_id_of(6)}')"  # noqa: S608
    there = universal_id_of(6).partition(":")[2]
    performer = tables(f"SELECT * FROM performers {wanted.replace('performer_id', 'id')}")[0]  # noqa: S608
    assert performer[2:8] == ("Performer 6", None, "FEMALE", "US", None, "1990-01-02")
    assert performer[8:17] == (None, 170, "BLUE", None, 2010, None, 6, None, 3)
    assert tables(f"SELECT endpoint, stashbox_performer_id FROM stashbox_ids {wanted}") == [  # noqa: S608
        ("fansdb", "fans-6"),
        ("stashdb", there),
    ]
    assert tables(f"SELECT alias, source_endpoint FROM aliases {wanted}") == [  # noqa: S608
        ("Another 6", "stashdb"),
        ("Other 6", "stashdb"),
    ]
    bodies = tables(f"SELECT shoulder_hip_ratio, leg_torso_ratio, confidence FROM body_proportions {wanted}")  # noqa: S608
    assert bodies == [(1.25, 0.9, 0.8)]
    assert tables(f"SELECT location, description FROM tattoos {wanted}") == [("left arm", "a rose")]  # noqa: S608
    assert tables(f"SELECT location FROM piercings {wanted}") == [("navel",)]  # noqa: S608
    assert tables(f"SELECT has_tattoos, confidence, detections_json FROM tattoo_detections {wanted}") == [  # noqa: S608
        (1, 0.75, "[]")
    ]
    assert len(tables(f"SELECT url FROM external_urls {wanted}")) == 2  # noqa: S608


def test_the_same_release_gives_the_same_content_from_a_zip_and_a_folder(tmp_path: Path) -> None:
    made = make_release(tmp_path / "release")
    digests = set()
    for place, path in enumerate([made.folder, zip_release(made.folder, tmp_path / "release.zip")]):
        for name in ("version", "scratch"):
            (tmp_path / f"{name}{place}").mkdir()
        result = write_public(path, tmp_path / f"version{place}", tmp_path / f"scratch{place}", NOW)
        digests.add(result.manifest.content)
    assert len(digests) == 1


def test_an_older_release_without_the_tables_of_signals_is_imported(
    tmp_path: Path, imported: Import, tables: Tables
) -> None:
    made = make_release(tmp_path / "release", signals=False)
    change_tables(
        made.folder,
        "ALTER TABLE faces DROP COLUMN pruned",
        "ALTER TABLE faces DROP COLUMN yaw",
        "ALTER TABLE performers DROP COLUMN ethnicity",
        "DROP TABLE aliases",
    )
    assert imported(made.folder).manifest.face_count == 36
    assert tables("SELECT count(*) FROM tattoos") == [(0,)]
    assert tables("SELECT DISTINCT yaw FROM faces") == [(None,)]


def test_a_release_that_says_little_of_itself_is_imported_under_another_version(
    tmp_path: Path, imported: Import
) -> None:
    made = make_release(tmp_path / "release")
    write_manifest(made.folder, sources="stashdb", created_at=None, performer_count=None, face_count=None)
    manifest = imported(made.folder, version="2026.3.1").manifest
    assert (manifest.version, manifest.created_at, manifest.sources) == ("2026.3.1", NOW, ("stashdb",))


def test_optional_files_are_left_out_with_a_note(tmp_path: Path, imported: Import, version: Path) -> None:
    made = make_release(tmp_path / "release")
    for name in ("tattoo_embeddings.voy", "tattoo_embeddings.json", "face_adaface.voy"):
        (made.folder / name).write_bytes(b"not looked into")
    write_manifest(made.folder)
    assert notes_of(imported(zip_release(made.folder, tmp_path / "release.zip"))) == {"files_left_out": 3}
    names = {"manifest.json", "performers.db", "vectors-facenet512.npy", "vectors-arcface.npy"}
    assert {file.name for file in version.iterdir()} == names


def test_pruned_faces_are_left_out(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release")
    change_tables(made.folder, "UPDATE faces SET pruned = 1 WHERE facenet_index IN (3, 4)")
    result = imported(made.folder)
    assert (result.manifest.face_count, notes_of(result)) == (34, {"faces_pruned": 2})


def test_faces_about_which_the_tables_and_the_map_disagree_are_left_out(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release")
    owners = list(made.owners)
    other = next(at for at, owner in enumerate(owners) if owner != owners[0])
    owners[0], owners[1] = owners[other], None
    write_maps(made.folder, owners)
    write_manifest(made.folder)
    result = imported(made.folder)
    assert result.manifest.face_count == 34
    assert notes_of(result) == {"faces_disputed": 1, "faces_of_nobody": 1}


def test_faces_of_the_map_that_the_tables_do_not_have_are_counted(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release")
    change_tables(made.folder, "DELETE FROM faces WHERE facenet_index = 5")
    result = imported(made.folder)
    assert (result.manifest.face_count, notes_of(result)) == (35, {"faces_untold": 1, "counts_differ": 1})


def test_a_face_needs_a_vector_in_both_indexes(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release")
    write_index(made.folder / INDEXES[1], made_vectors(36, 1), labels=np.arange(35))
    change_tables(made.folder, "UPDATE faces SET arcface_index = NULL WHERE facenet_index = 2")
    result = imported(made.folder)
    assert (result.manifest.face_count, notes_of(result)) == (34, {"faces_in_one_index": 2})


def test_a_vector_that_another_face_has_is_taken_once(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release")
    change_tables(
        made.folder,
        "INSERT INTO faces (performer_id, facenet_index, arcface_index) "
        "SELECT performer_id, facenet_index, arcface_index FROM faces WHERE facenet_index = 4",
    )
    write_manifest(made.folder, face_count=37)
    result = imported(made.folder)
    assert (result.manifest.face_count, notes_of(result)) == (36, {"faces_claimed_twice": 1})


def test_the_two_indexes_may_number_a_face_differently(tmp_path: Path, version: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release", storage=FLOAT32)
    first, second = made.labels_of(universal_id_of(3))[:2]
    swap = f"CASE arcface_index WHEN {first} THEN {second} ELSE {first} END"
    change_tables(made.folder, f"UPDATE faces SET arcface_index = {swap} WHERE arcface_index IN ({first}, {second})")  # noqa: S608
    assert imported(made.folder).notes == ()
    order = np.array(in_order(made))
    swapped = np.where(order == first, second, np.where(order == second, first, order))
    np.testing.assert_allclose(vectors_of(version, "facenet512"), made.vectors[0][order], atol=2e-4)
    np.testing.assert_allclose(vectors_of(version, "arcface"), made.vectors[1][swapped], atol=2e-4)


def test_a_performer_without_a_usable_face_is_left_out(tmp_path: Path, imported: Import, tables: Tables) -> None:
    made = make_release(tmp_path / "release")
    vectors = made.vectors[0].copy()
    vectors[made.labels_of(universal_id_of(2))] = 0.0
    write_index(made.folder / INDEXES[0], vectors)
    write_manifest(made.folder)
    result = imported(made.folder)
    assert notes_of(result) == {"faces_without_direction": 3, "performers_without_faces": 1}
    assert tables("SELECT count(*), max(id) FROM performers") == [(11, 11)]


def test_a_performer_may_be_known_by_an_id_of_another_endpoint(
    tmp_path: Path, imported: Import, tables: Tables
) -> None:
    made = make_release(tmp_path / "release")
    by_fansdb = ["fansdb.cc:fans-2" if owner == universal_id_of(2) else owner for owner in made.owners]
    write_maps(made.folder, by_fansdb)
    write_manifest(made.folder)
    assert imported(made.folder).notes == ()
    assert tables("SELECT universal_id FROM performers WHERE canonical_name = 'Performer 2'") == [
        ("fansdb.cc:fans-2",)
    ]


@pytest.mark.parametrize(("short", "domain"), [("fansdb", "fansdb.cc"), ("theporndb", "theporndb.net")])
def test_of_several_ids_in_the_map_the_first_endpoint_counts(
    tmp_path: Path, imported: Import, tables: Tables, short: str, domain: str
) -> None:
    made = make_release(tmp_path / "release")
    change_tables(made.folder, f"INSERT INTO stashbox_ids VALUES (2, '{short}', 'other-2', '')")  # noqa: S608
    mixed = list(made.owners)
    mixed[made.labels_of(universal_id_of(2))[0]] = f"{domain}:other-2"
    write_maps(made.folder, mixed)
    write_manifest(made.folder)
    assert imported(made.folder).manifest.face_count == 36
    found = tables("SELECT universal_id FROM performers WHERE canonical_name = 'Performer 2'")
    assert found == [(universal_id_of(2),)]


def test_an_id_of_two_performers_is_the_first_ones(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release")
    there = universal_id_of(2).partition(":")[2]
    change_tables(made.folder, f"INSERT INTO stashbox_ids VALUES (7, 'stashdb', '{there}', '')")  # noqa: S608
    result = imported(made.folder)
    assert (result.manifest.performer_count, notes_of(result)) == (12, {"ids_contested": 1})


def test_endpoints_may_be_given_by_their_address(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release")
    change_tables(
        made.folder, "UPDATE stashbox_ids SET endpoint = 'https://StashDB.org/graphql' WHERE endpoint = 'stashdb'"
    )
    assert imported(made.folder).manifest.face_count == 36


def test_odd_values_in_the_tables_become_nothing(tmp_path: Path, imported: Import, tables: Tables) -> None:
    made = make_release(tmp_path / "release")
    change_tables(
        made.folder,
        "UPDATE performers SET height_cm = 'tall', country = X'FF00', career_start_year = 9e999",
        "UPDATE faces SET quality_score = -1, yaw = 'left'",
        "UPDATE performers SET canonical_name = NULL WHERE id = 1",
    )
    imported(made.folder)
    assert tables("SELECT DISTINCT height_cm, country, career_start_year FROM performers") == [(None, None, None)]
    assert tables("SELECT DISTINCT quality_score, yaw FROM faces") == [(None, None)]
    found = tables(f"SELECT canonical_name FROM performers WHERE universal_id = '{universal_id_of(1)}'")  # noqa: S608
    assert found == [(universal_id_of(1),)]


def test_a_fact_of_somebody_whose_number_is_none_is_nobodys(tmp_path: Path, imported: Import, tables: Tables) -> None:
    made = make_release(tmp_path / "release")
    change_tables(
        made.folder,
        "UPDATE aliases SET performer_id = CAST(X'FF00FE' AS TEXT) WHERE performer_id = 2",
        "UPDATE tattoos SET performer_id = X'FF' WHERE performer_id = 2",
        "UPDATE piercings SET performer_id = 9e999",
    )
    imported(made.folder)
    assert tables("SELECT count(*) FROM aliases") == [(2 * 10,)]
    assert tables("SELECT count(*) FROM tattoos") == [(5,)]
    assert tables("SELECT count(*) FROM piercings") == [(0,)]


def test_more_faces_and_facts_than_one_performer_may_have_are_cut_off(
    tmp_path: Path, imported: Import, tables: Tables
) -> None:
    made = make_release(tmp_path / "release")
    result = imported(made.folder, limits=PublicLimits(faces_of_performer=2, facts_of_performer=1))
    assert (result.manifest.face_count, notes_of(result)["faces_too_many"]) == (24, 12)
    assert tables("SELECT max(n) FROM (SELECT count(*) AS n FROM aliases GROUP BY performer_id)") == [(1,)]


def test_a_release_without_any_usable_face_is_refused(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release")
    write_maps(made.folder, [None] * 36)
    write_manifest(made.folder)
    with pytest.raises(PublicReleaseUnreadable, match="none of its faces"):
        imported(made.folder)


def test_progress_counts_megabytes_then_faces_to_the_last(tmp_path: Path, imported: Import) -> None:
    made = make_release(tmp_path / "release", performers=900)
    change_tables(made.folder, "UPDATE faces SET pruned = 1 WHERE facenet_index % 10 = 0")
    reports: list[Progress] = []
    imported(made.folder, progress=reports.append)
    faces = [(report.done, report.total) for report in reports if report.stage == "import"]
    assert {report.stage for report in reports} == {"check", "read", "import"}
    assert len(faces) == 3
    assert faces == sorted(faces)
    assert faces[-1] == (2700, 2700)


@pytest.mark.parametrize("stage", ["check", "read", "import"])
def test_an_import_can_be_stopped_at_any_stage(tmp_path: Path, version: Path, imported: Import, stage: str) -> None:
    made = make_release(tmp_path / "release")
    cancel = CancelToken()

    def stop(report: Progress) -> None:
        if report.stage == stage:
            cancel.cancel()

    with pytest.raises(Cancelled):
        imported(made.folder, progress=stop, cancel=cancel)
    assert not (version / "manifest.json").exists()


def test_the_manifest_of_the_version_is_readable_json(tmp_path: Path, version: Path, imported: Import) -> None:
    imported(make_release(tmp_path / "release").folder)
    assert json.loads((version / "manifest.json").read_text())["imported_from"].startswith("public release")
