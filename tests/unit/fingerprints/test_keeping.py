"""Which faces of a video or picture are kept."""

from dataclasses import replace

import numpy as np
import pytest
from tests.made_fingerprints import as_bytes, faces_of, rows_of

from stash_sense.fingerprints.keeping import (
    CROPS_OF_NAMED,
    CROPS_OF_UNKNOWN,
    OF_A_PERSON,
    OF_ALL,
    OF_NOBODY,
    SIGHTINGS,
    Kept,
    KnownRows,
    keep_faces,
)
from stash_sense.recognition.faces import Faces, no_faces
from stash_sense.recognition.matching.grouping import group


def keep(faces: Faces, *people: KnownRows) -> Kept:
    return keep_faces("lite", faces, 200, people, as_bytes)


def kept_of(kept: Kept, person: int) -> int:
    """How many described faces are kept of one of the people of `faces_of`."""
    return int((kept.faces.faces.track // 1000 == person).sum())


def test_of_few_faces_all_are_kept_where_and_when_they_were() -> None:
    faces = faces_of(people=2, frames=5)
    kept = keep(faces, rows_of(faces, 0), rows_of(faces, 1, named=False))
    assert kept.faces.faces.row.tolist() == list(range(10))
    assert kept.faces.faces.seen.t.tolist() == faces.seen.t.tolist()
    assert np.array_equal(kept.faces.faces.vectors, faces.vectors)
    assert kept.number_of == {row: row for row in range(10)}
    assert (kept.faces.pack, kept.faces.frame_count) == ("lite", 200)
    assert not kept.faces.faces.seen.landmarks.any()


def test_of_many_faces_a_few_of_each_person_are_kept() -> None:
    faces = faces_of(people=3, frames=100)
    kept = keep(faces, rows_of(faces, 0), rows_of(faces, 1), rows_of(faces, 2, named=False))
    assert [kept_of(kept, who) for who in range(3)] == [OF_A_PERSON] * 3


def test_the_best_of_every_track_is_kept_where_there_is_room() -> None:
    faces = faces_of(people=1, frames=60)
    kept = keep(faces, rows_of(faces, 0, shown=2))
    assert set(kept.faces.faces.track) == set(faces.track)
    for track in set(faces.track.tolist()):
        best = faces.quality[faces.track == track].max()
        assert kept.faces.faces.quality[kept.faces.faces.track == track].max() == best


def test_all_that_is_shown_is_kept() -> None:
    faces = faces_of(people=1, frames=100)
    worst = np.argsort(faces.quality)[:CROPS_OF_NAMED].tolist()
    kept = keep(faces, KnownRows(range(100), worst, True))
    assert {kept.number_of[row] for row in worst} == set(kept.faces.crops)


def test_pictures_are_kept_of_those_that_are_shown_first_and_fewer_of_the_unknown() -> None:
    faces = faces_of(people=2, frames=50)
    named, unknown = rows_of(faces, 0, shown=3), rows_of(faces, 1, named=False)
    kept = keep(faces, named, unknown)
    number = {row: kept.number_of[int(faces.row[row])] for row in (*named.shown, *unknown.shown[:CROPS_OF_UNKNOWN])}
    assert len(kept.faces.crops) == CROPS_OF_NAMED + CROPS_OF_UNKNOWN
    assert all(kept.faces.crops[number[row]] == as_bytes(faces.crops[row]) for row in number)
    assert kept.faces.shown == set(kept.faces.crops)


def test_of_those_who_are_nobody_some_are_kept_and_none_is_shown() -> None:
    faces = faces_of(people=2, frames=50)
    kept = keep(faces, rows_of(faces, 0))
    assert kept_of(kept, 1) == OF_NOBODY
    rows = kept.faces.faces.row
    nobodys = rows[kept.faces.faces.track // 1000 == 1]
    assert not set(nobodys.tolist()) & set(kept.faces.crops)


def test_all_that_was_seen_on_kept_tracks_is_kept_and_nothing_else() -> None:
    faces = faces_of(people=2, frames=40, every=4)
    alone = replace(faces.seen, track=np.where(np.arange(80) >= 76, 9999, faces.seen.track))
    kept = keep(replace(faces, seen=alone), rows_of(faces, 0), rows_of(faces, 1))
    tracks = kept.faces.faces.seen.track
    assert len(tracks) == 76
    assert 9999 not in tracks


def test_of_very_many_sightings_some_of_all_times_are_kept_with_all_that_are_described() -> None:
    faces = faces_of(people=4, frames=190, every=2)
    kept = keep(faces, *(rows_of(faces, who) for who in range(4)))
    seen = kept.faces.faces.seen
    assert len(seen) == SIGHTINGS
    assert (np.diff(np.unique(seen.frame)) < 4).all()
    assert (np.diff(seen.frame) >= 0).all()
    assert (np.diff(kept.faces.faces.row) > 0).all()
    where = {number: row for row, number in kept.number_of.items()}
    assert seen.boxes.tolist() == faces.seen.boxes[[where[number] for number in range(len(seen))]].tolist()


@pytest.mark.parametrize("people", [30, 150])
def test_of_a_crowd_fewer_of_each_are_kept(people: int) -> None:
    faces = faces_of(people=people, frames=9)
    kept = keep(faces, *(rows_of(faces, who, named=False) for who in range(people)))
    counts = [kept_of(kept, who) for who in range(people)]
    each = max(2, OF_ALL // people)
    assert counts[: OF_ALL // each] == [each] * (OF_ALL // each)
    assert sum(counts) <= OF_ALL
    assert len(kept.faces.faces.seen) <= SIGHTINGS


def test_no_faces_are_no_faces() -> None:
    kept = keep(no_faces(16))
    assert (len(kept.faces.faces), len(kept.faces.faces.seen), kept.faces.crops) == (0, 0, {})


def test_who_is_seen_in_many_frames_still_is_where_few_of_the_faces_are_kept() -> None:
    faces = faces_of(people=3, frames=60, dim=64)
    alone = replace(faces, seen=replace(faces.seen, track=np.arange(180)))
    groups = group(alone, 0.6, 0.4)
    kept = keep(alone, *(KnownRows(one.described.tolist(), [], True) for one in groups))
    assert len(kept.faces.faces) == 3 * OF_A_PERSON
    again = group(kept.faces.faces, 0.6, 0.4)
    assert [len(one.frames) for one in again] == [60, 60, 60]
    assert [len(one.described) for one in again] == [OF_A_PERSON] * 3


def test_who_was_told_apart_is_told_apart_by_what_is_kept() -> None:
    faces = faces_of(people=3, frames=120, dim=64)
    groups = group(faces, 0.6, 0.4)
    kept = keep(faces, *(KnownRows(one.described.tolist(), [], True) for one in groups))
    again = group(kept.faces.faces, 0.6, 0.4)
    assert len(groups) == len(again) == 3
    assert [len(one.frames) for one in again] == [len(one.frames) for one in groups]
