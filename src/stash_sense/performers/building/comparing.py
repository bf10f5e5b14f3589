"""The new faces of a version, compared with all others: whom they look like, remembered for the builds to come."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from stash_sense.errors import DatabaseDamaged
from stash_sense.kernel.arrays import Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.performers import schema
from stash_sense.performers.building.lookalikes import lookalikes, nearest_faces
from stash_sense.performers.building.state import BuildState
from stash_sense.performers.manifest import DATABASE_NAME, Manifest
from stash_sense.performers.notes import ReferenceNote, looks_like_another
from stash_sense.performers.sources import PerformerSource
from stash_sense.performers.vectors import FusedVectors, map_vectors
from stash_sense.recognition.space import FaceSpace
from stash_sense.recognition.spec import MatchingConstants

_ROWS = "SELECT universal_id, image_hash FROM faces f JOIN performers p ON p.id = f.performer_id ORDER BY row"


def compare_faces(
    folder: Path,
    manifest: Manifest,
    state: BuildState,
    space: FaceSpace,
    constants: MatchingConstants,
    cancel: CancelToken,
    progress: ProgressListener,
) -> None:
    """Compare the faces of a finished version that were not compared in an earlier build, and remember the outcome.

    Args:
        folder: of the version.
        manifest: its manifest.
        state: of the build that wrote it.
        space: of its vectors.
        constants: of the pack.
        cancel: nothing is remembered when it is set.
        progress: told how many faces are done.

    Raises:
        DatabaseDamaged, BuildStateDamaged, StorageError, Cancelled: see there.
    """
    who, hashes, owner = _faces_of(folder)
    compared: dict[str, set[str]] = {}
    for one in dict.fromkeys(who):
        compared[one] = set(state.compared(one))
    due: Ints = np.array([row for row, one in enumerate(who) if hashes[row] not in compared[one]], np.int64)
    parts = [
        (map_vectors(folder / one.file, manifest.face_count, one.dim, one.dtype), block.weight)
        for one, block in zip(manifest.embedders, space.blocks, strict=True)
    ]
    found = nearest_faces(FusedVectors(parts), owner, due, cancel, progress)
    other = {one.row: one.other for one in lookalikes(due, found, constants)}
    for row in due.tolist():
        like = other.get(row)
        state.keep_compared(who[row], hashes[row], None if like is None else (who[like], hashes[like]))


def lookalike_notes(folder: Path, state: BuildState, source: PerformerSource) -> Iterator[ReferenceNote]:
    """Yield what is remembered of the faces in a version that look like others in it."""
    who, hashes, _ = _faces_of(folder)
    there = set(zip(who, hashes, strict=True))
    for one in dict.fromkeys(who):
        for sha256, other in state.compared(one).items():
            if other is None or (one, sha256) not in there or other not in there:
                continue
            here, beside = (state.picture_of(*face) for face in ((one, sha256), other))
            if here is not None and beside is not None:
                name, another = state.name_of(one), state.name_of(other[0])
                yield looks_like_another(name, source.where(here), another, source.where(beside))


def _faces_of(folder: Path) -> tuple[list[str], list[str], Ints]:
    """Return of each row whose face it is, its picture's SHA-256, and a number for whose it is."""
    path = folder / DATABASE_NAME
    try:
        with closing(schema.open_finished(path)) as database:
            rows = database.execute(_ROWS).fetchall()
    except sqlite3.Error as error:
        raise DatabaseDamaged(path=path, reason=str(error)) from error
    who, hashes = [row[0] for row in rows], [row[1] for row in rows]
    numbers = {one: number for number, one in enumerate(dict.fromkeys(who))}
    return who, hashes, np.array([numbers[one] for one in who], np.int64)
