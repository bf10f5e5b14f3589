import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.performers_files import EMBEDDERS, people, vectors, write_version

from stash_sense.errors import DatabaseDamaged
from stash_sense.performers.reader import read_performers
from stash_sense.performers.records import (
    Alias,
    BodyMark,
    BodyProportions,
    FaceRecord,
    PerformerRecord,
    StashBoxId,
    TattooDetection,
)

WHOLE = PerformerRecord(
    universal_id="stashdb.org:0a",
    name="Ada \u2603",
    disambiguation="mathematician",
    gender="FEMALE",
    country="GB",
    ethnicity="CAUCASIAN",
    birth_date="1815-12-10",
    death_date="1852-11",
    height_cm=165,
    eye_color="BROWN",
    hair_color="BROWN",
    career_start_year=1833,
    career_end_year=1852,
    scene_count=3,
    upstream_updated_at="2026-01-02T03:04:05Z",
    image_url="https://example.org/ada.jpg",
    stashbox_ids=(StashBoxId("theporndb.net", "7"), StashBoxId("stashdb.org", "0a"), StashBoxId("example.org", "9")),
    aliases=(Alias("Countess", "stashdb.org"), Alias("A. A. L.")),
    body=BodyProportions(0.9, None, 1.01, 0.8),
    tattoos=(BodyMark("arm", "a punched card"), BodyMark("arm")),
    piercings=(BodyMark("ear"),),
    tattoo_detection=TattooDetection(True, 0.7, "[]"),
    urls=("https://example.org/ada", "https://example.net/ada"),
)


def test_what_was_written_is_read_and_writes_the_same_content(tmp_path: Path) -> None:
    faces = (
        FaceRecord("a" * 64, "https://example.org/2.jpg", "stashdb.org", 1.5, -12.0),
        FaceRecord("b" * 64, "Ada/1.jpg", "folder"),
    )
    parts = tuple(vectors(1, 2, dim) for _, dim in EMBEDDERS)
    faceless = (PerformerRecord("stashdb.org:0b", "Nobody"), (), tuple(part[:0] for part in parts))
    first = write_version(tmp_path / "1", [(WHOLE, faces, parts), faceless, *people(3)])
    read = list(read_performers(tmp_path / "1", first))
    assert [one.record for one in read[:2]] == [WHOLE, faceless[0]]
    assert read[0].faces == faces
    assert read[1].faces == ()
    second = write_version(tmp_path / "2", [(one.record, one.faces, one.vectors) for one in read], "2.0")
    assert second.content == first.content


def test_a_release_without_hashes_keeps_the_order_of_its_faces(tmp_path: Path) -> None:
    members = [
        (record, tuple(replace(face, image_hash=None) for face in faces), parts)
        for record, faces, parts in people(2, faces=4)
    ]
    first = write_version(tmp_path / "1", members)
    read = [(one.record, one.faces, one.vectors) for one in read_performers(tmp_path / "1", first)]
    assert write_version(tmp_path / "2", read).content == first.content


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE faces SET row = row + 100 WHERE row = 3",
        "UPDATE faces SET performer_id = 1 WHERE row = 3",
        "DROP TABLE aliases",
        "DROP TABLE external_urls",
    ],
)
def test_a_version_that_does_not_fit_together_is_damaged(tmp_path: Path, change: str) -> None:
    manifest = write_version(tmp_path, people(3))
    with closing(sqlite3.connect(tmp_path / "performers.db")) as database:
        database.execute(change)
        database.commit()
    with pytest.raises(DatabaseDamaged):
        list(read_performers(tmp_path, manifest))
