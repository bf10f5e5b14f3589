"""The new faces of a version, compared with all others: whom they look like, remembered for the builds to come."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from stash_sense.errors import Cancelled
from stash_sense.kernel.arrays import AnyArray, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.performers import schema
from stash_sense.performers.building.lookalikes import Comparison, NearestFaces, lookalikes, nearest_faces
from stash_sense.performers.building.notes import ReferenceNote, looks_like_another
from stash_sense.performers.building.sources import PerformerSource
from stash_sense.performers.building.state import BuildState
from stash_sense.performers.manifest import DATABASE_NAME, Manifest
from stash_sense.performers.vectors import FusedVectors, map_vectors
from stash_sense.recognition.space import FaceSpace
from stash_sense.recognition.spec import MatchingConstants

_ROWS = "SELECT universal_id, image_hash FROM faces f JOIN performers p ON p.id = f.performer_id ORDER BY row"
_BEGUN = "comparison"
"""Where the state keeps one that was begun."""
_KEEP_EVERY = 32
"""Steps, of some 0.1 s each, after which a comparison is written down: with 370,000 faces 11 MB."""


def compare_faces(
    folder: Path,
    manifest: Manifest,
    state: BuildState,
    space: FaceSpace,
    constants: MatchingConstants,
    cancel: CancelToken,
    progress: ProgressListener,
    keep_every: int = _KEEP_EVERY,
) -> None:
    """Compare the faces of a finished version that were not compared in an earlier build, and remember the outcome.

    A comparison that was broken off goes on where it was, as long as the version is the same.

    Args:
        folder: of the version.
        manifest: its manifest.
        state: of the build that wrote it.
        space: of its vectors.
        constants: of the pack.
        cancel: looked at all the time.
        progress: told how many faces are done.
        keep_every: steps of the comparison that a process that is killed may lose.

    Raises:
        DatabaseDamaged, BuildStateDamaged, StorageError, Cancelled: see there.
    """
    who, hashes, owner = _faces_of(folder)
    rows = {face: row for row, face in enumerate(zip(who, hashes, strict=True))}
    known = _known(state, who, hashes, rows)
    due: Ints = np.array([row for row in range(len(who)) if row not in known], np.int64)
    if not len(due):
        state.drop(_BEGUN)
        return
    parts = [
        (map_vectors(folder / one.file, manifest.face_count, one.dim, one.dtype), block.weight)
        for one, block in zip(manifest.embedders, space.blocks, strict=True)
    ]
    faces = FusedVectors(parts)
    kept = _KeptComparison(state, manifest, due, keep_every)
    try:
        found, back = nearest_faces(faces, owner, due, cancel, progress, kept.begun(), kept.keep)
    except Cancelled:
        kept.write()
        raise
    alike = dict.fromkeys(due.tolist(), -1)
    alike |= {one.row: one.other for one in lookalikes(due, found, constants)}
    alike |= _now_nearer(faces, owner, known, found, back, constants)
    for person in dict.fromkeys(who[row] for row in due.tolist()):
        state.forget_compared(person)
    for row, other in alike.items():
        state.keep_compared(who[row], hashes[row], None if other < 0 else (who[other], hashes[other]))
    state.drop(_BEGUN)
    state.commit()


class _KeptComparison:
    """A comparison that goes on in a later build, in this one's state.

    Args:
        state: of the build.
        manifest: of the version whose faces are compared.
        due: rows of those that are.
        every: steps after which it is written down.
    """

    def __init__(self, state: BuildState, manifest: Manifest, due: Ints, every: int) -> None:
        self._state = state
        self._every = every
        self._faces = manifest.face_count
        self._key = hashlib.sha256(manifest.content.encode() + due.tobytes()).hexdigest()
        self._last: Comparison | None = None

    def begun(self) -> Comparison | None:
        """Return the one that was written down, if it is of the very same faces."""
        content = self._state.stored(_BEGUN)
        if content is None:
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as saved:
                if str(saved["key"]) != self._key:
                    return None
                found = NearestFaces(saved["own"], saved["other"], saved["rows"])
                back = NearestFaces.none(self._faces)
                back.other[:], back.rows[:] = saved["back_other"], saved["back_rows"]
                return Comparison(found, back, int(saved["done"]))
        except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile):
            return None  # it costs the time of another one

    def keep(self, comparison: Comparison) -> None:
        """Take note of one, and write it down now and then."""
        self._last = comparison
        if comparison.done % self._every == 0:
            self.write()

    def write(self) -> None:
        """Write the last one down."""
        if (last := self._last) is None:
            return
        content = io.BytesIO()
        found, back = last.found, last.back
        told: dict[str, AnyArray] = {"own": found.own, "other": found.other, "rows": found.rows}
        told |= {"back_other": back.other, "back_rows": back.rows}
        told |= {"key": np.array(self._key), "done": np.array(last.done)}
        np.savez(content, allow_pickle=False, **told)
        self._state.store(_BEGUN, content.getvalue())


def _known(
    state: BuildState, who: Sequence[str], hashes: Sequence[str], rows: dict[tuple[str, str], int]
) -> dict[int, int]:
    """Return of the faces that need not be compared whom they look like, -1 for nobody.

    Those of a person of whom a face came or went do, and those of which the face they looked like went.
    """
    of: dict[str, set[str]] = {}
    for person, digest in zip(who, hashes, strict=True):
        of.setdefault(person, set()).add(digest)
    known: dict[int, int] = {}
    for person, digests in of.items():
        compared = state.compared(person)
        others = {digest: -1 if other is None else rows.get(other, -2) for digest, other in compared.items()}
        if set(others) == digests and -2 not in others.values():
            known |= {rows[person, digest]: other for digest, other in others.items()}
    return known


def _now_nearer(
    faces: FusedVectors,
    owner: Ints,
    known: dict[int, int],
    found: NearestFaces,
    back: NearestFaces,
    constants: MatchingConstants,
) -> dict[int, int]:
    """Return which faces that were compared before look like a new one, more than like the one they looked like."""
    candidates: Ints = np.array(
        [row for row in known if back.other[row] >= 1.0 - constants.cluster_distance], np.int64
    )
    kept: list[int] = []
    own: list[float] = []
    for row in candidates.tolist():
        (vector,) = faces.rows(np.array([row]))
        if known[row] >= 0 and float(faces.rows(np.array([known[row]]))[0] @ vector) >= back.other[row]:
            continue
        first, last = np.searchsorted(owner, [owner[row], owner[row] + 1]).tolist()
        cosines = faces.block(first, last) @ vector
        cosines[row - first] = -2.0
        kept.append(row)
        own.append(float(cosines.max()))
    asked: Ints = np.array(kept, np.int64)
    nearest = NearestFaces(np.array(own, np.float32), back.other[asked], back.rows[asked])
    return {one.row: one.other for one in lookalikes(asked, nearest, constants, found.other)}


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
    with schema.reading(path), closing(schema.open_finished(path)) as database:
        rows = database.execute(_ROWS).fetchall()
    who, hashes = [row[0] for row in rows], [row[1] for row in rows]
    numbers = {one: number for number, one in enumerate(dict.fromkeys(who))}
    return who, hashes, np.array([numbers[one] for one in who], np.int64)
