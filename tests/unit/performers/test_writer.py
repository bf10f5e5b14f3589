import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.performers_files import DAY, EMBEDDERS, PACK, people, person, vectors, write_version

from stash_sense.performers.manifest import Manifest
from stash_sense.performers.records import (
    Alias,
    BodyMark,
    BodyProportions,
    FaceRecord,
    PerformerRecord,
    StashBoxId,
    TattooDetection,
)
from stash_sense.performers.vectors import FusedVectors, map_vectors
from stash_sense.performers.writer import Heading, VersionWriter, file_entry

WHOLE = PerformerRecord(
    universal_id="stashdb.org:0a",
    name="Ada",
    disambiguation="mathematician",
    gender="FEMALE",
    country="GB",
    birth_date="1815-12-10",
    height_cm=165,
    career_start_year=1833,
    upstream_updated_at="2026-01-02T03:04:05Z",
    stashbox_ids=(StashBoxId("stashdb.org", "0a"), StashBoxId("example.org", "9")),
    aliases=(Alias("Countess", "stashdb.org"), Alias("A. A. L.")),
    body=BodyProportions(0.9, None, 1.01, 0.8),
    tattoos=(BodyMark("arm", "a punched card"),),
    piercings=(BodyMark("ear"),),
    tattoo_detection=TattooDetection(True, 0.7, "[]"),
    urls=("https://example.org/ada",),
)


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "performers.db")) as connection:
        return connection.execute(query).fetchall()


def test_everything_about_a_performer_is_in_the_tables_that_existing_tools_read(tmp_path: Path) -> None:
    faces = (FaceRecord("b" * 64, "https://example.org/2.jpg", "stashdb.org", 1.5, -12.0), FaceRecord("a" * 64))
    parts = tuple(vectors(1, 2, dim) for _, dim in EMBEDDERS)
    write_version(tmp_path, [(WHOLE, faces, parts)])
    told = (
        "id, universal_id, canonical_name, disambiguation, gender, country, birth_date, height_cm, career_start_year"
    )
    assert rows(tmp_path, f"SELECT {told}, stashdb_updated_at, face_count FROM performers") == [  # noqa: S608
        (
            1,
            "stashdb.org:0a",
            "Ada",
            "mathematician",
            "FEMALE",
            "GB",
            "1815-12-10",
            165,
            1833,
            "2026-01-02T03:04:05Z",
            2,
        )
    ]
    assert rows(tmp_path, "SELECT performer_id, endpoint, stashbox_performer_id FROM stashbox_ids") == [
        (1, "stashdb", "0a"),
        (1, "example.org", "9"),
    ]
    assert rows(tmp_path, "SELECT performer_id, alias, source_endpoint FROM aliases") == [
        (1, "Countess", "stashdb"),
        (1, "A. A. L.", None),
    ]
    assert rows(tmp_path, "SELECT * FROM body_proportions") == [(1, 0.9, None, 1.01, 0.8)]
    assert rows(tmp_path, "SELECT * FROM tattoos") == [(1, "arm", "a punched card")]
    assert rows(tmp_path, "SELECT * FROM piercings") == [(1, "ear", "")]
    assert rows(tmp_path, "SELECT * FROM tattoo_detections") == [(1, 1, 0.7, "[]")]
    assert rows(tmp_path, "SELECT * FROM external_urls") == [(1, "https://example.org/ada")]
    seen = (
        "facenet_index, arcface_index, row, image_url, source_endpoint, quality_score, yaw, pack, image_hash, pruned"
    )
    assert rows(tmp_path, f"SELECT {seen} FROM faces ORDER BY row") == [  # noqa: S608
        (0, 0, 0, None, None, None, None, PACK, "a" * 64, 0),
        (1, 1, 1, "https://example.org/2.jpg", "stashdb", 1.5, -12.0, PACK, "b" * 64, 0),
    ]


def test_faces_lie_in_the_order_of_their_pictures_with_their_vectors(tmp_path: Path) -> None:
    record, faces, parts = person(0, 3)
    manifest = write_version(tmp_path / "one", [(record, faces, parts)])
    turned = write_version(tmp_path / "two", [(record, faces[::-1], tuple(part[::-1] for part in parts))])
    assert manifest.content == turned.content
    for embedder, part in zip(manifest.embedders, parts, strict=True):
        stored = map_vectors(tmp_path / "two" / embedder.file, 3, embedder.dim, embedder.dtype)
        np.testing.assert_allclose(stored.astype(np.float32), part, atol=1e-3)


def test_the_manifest_says_what_the_bytes_of_every_file_are(tmp_path: Path) -> None:
    manifest = write_version(tmp_path, people(5))
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", *manifest.files}
    assert (manifest.performer_count, manifest.face_count, manifest.pack) == (5, 10, PACK)
    for name, entry in manifest.files.items():
        assert entry == file_entry(tmp_path / name)
    read = Manifest.read((tmp_path / "manifest.json").read_bytes(), tmp_path, "99")
    assert read == manifest


def heading(version: str = "1", days: int = 0) -> Heading:
    return Heading(version, DAY + timedelta(days=days), PACK, EMBEDDERS, ("made up",))


def test_the_content_tells_nothing_about_when_or_under_which_version_it_was_written(tmp_path: Path) -> None:
    contents = set()
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        with VersionWriter(folder, heading(str(number + 1), number)) as writer:
            for record, faces, parts in people(3):
                writer.add(record, faces, parts)
            contents.add(writer.finish().content)
    assert len(contents) == 1


def test_the_content_differs_with_a_name_a_face_or_a_vector(tmp_path: Path) -> None:
    record, faces, parts = person(1)
    changed = parts[0].copy()
    changed[0] = changed[1]
    others = [
        (record, faces, parts),
        (replace(record, name="Somebody"), faces, parts),
        (replace(record, stashbox_ids=(StashBoxId("a.org", "b"),)), faces, parts),
        (record, (faces[0], replace(faces[1], image_hash="f" * 64)), parts),
        (record, faces, (changed, parts[1])),
        (record, faces[:1], tuple(part[:1] for part in parts)),
    ]
    contents = {write_version(tmp_path / str(place), [other]).content for place, other in enumerate(others)}
    assert len(contents) == len(others)


def test_what_is_out_of_order_twice_there_or_no_id_is_not_taken(tmp_path: Path) -> None:
    with VersionWriter(tmp_path, heading()) as writer:
        writer.add(*person(2))
        for wrong in (person(1), person(2)):
            with pytest.raises(ValueError, match="cannot come after"):
                writer.add(*wrong)
        record, faces, parts = person(3)
        with pytest.raises(ValueError, match="cannot come after"):
            writer.add(replace(record, universal_id="without a domain"), faces, parts)


@pytest.mark.parametrize("wrong", [np.nan, 0.0, 3.0])
def test_vectors_that_are_not_of_unit_length_are_not_taken(tmp_path: Path, wrong: float) -> None:
    record, faces, parts = person(1)
    parts[1][0] = wrong
    with VersionWriter(tmp_path, heading()) as writer, pytest.raises(ValueError, match="unit length"):
        writer.add(record, faces, parts)


def test_a_folder_that_was_not_finished_has_no_manifest(tmp_path: Path) -> None:
    with VersionWriter(tmp_path, heading()) as writer:
        writer.add(*person(1))
    assert not (tmp_path / "manifest.json").exists()


def test_nobody_at_all_makes_a_version_too(tmp_path: Path) -> None:
    manifest = write_version(tmp_path, [])
    assert (manifest.performer_count, manifest.face_count) == (0, 0)
    assert map_vectors(tmp_path / manifest.embedders[0].file, 0, 24, "float16").shape == (0, 24)


def test_the_cosine_of_fused_vectors_is_the_weighted_mean_of_the_embedders(tmp_path: Path) -> None:
    manifest = write_version(tmp_path, people(8))
    arrays = [map_vectors(tmp_path / one.file, 16, one.dim, one.dtype) for one in manifest.embedders]
    fused = FusedVectors([(arrays[0], 0.3), (arrays[1], 0.7)])
    whole = fused.block(0, 16)
    parts = [array.astype(np.float32) for array in arrays]
    expected = 0.3 * parts[0] @ parts[0].T + 0.7 * parts[1] @ parts[1].T
    np.testing.assert_allclose(whole @ whole.T, expected, atol=2e-3)
    np.testing.assert_array_equal(fused.rows(np.array([7, 0, 7])), whole[[7, 0, 7]])
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1.0, atol=1e-6)


def test_the_manifest_is_readable_for_people(tmp_path: Path) -> None:
    write_version(tmp_path, people(1))
    document = json.loads((tmp_path / "manifest.json").read_text())
    assert document["schema"] == 1
    assert document["created_at"] == "2026-11-22T12:00:00Z"
