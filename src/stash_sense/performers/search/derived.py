"""What searching a large database needs besides its files: made once from them, mapped into memory afterwards.

It depends on the statistics of the pack as well, which change when a pack is calibrated anew. So it lies beside the
version, not in it, and can be made again at any time.
"""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stash_sense.errors import DatabaseDamaged, SearchMatrixUnfit
from stash_sense.files import staged_folder
from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.search import int8_matrix
from stash_sense.performers.search.gently import gently
from stash_sense.performers.search.index import Int8Kernel, VectorIndex, Vectors
from stash_sense.performers.search.int8_matrix import Int8Matrix
from stash_sense.performers.search.int8_search import Int8Search
from stash_sense.performers.search.people_index import IndexedPeople, write_templates
from stash_sense.performers.vectors import FusedVectors, map_vectors
from stash_sense.recognition.space import FaceSpace

_FORMAT = "1"
_FACES, _PEOPLE = "faces.int8", "people.int8"
_PLAIN, _WHITE, _MEANS = "people-plain.npy", "people-white.npy", "people-mean.npy"


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """Ready to search: faces by their vectors, and people by their templates."""

    faces: VectorIndex
    people: IndexedPeople


def derived_key(content: str, space: FaceSpace) -> str:
    """Name what is derived from a version's content for a pack's statistics."""
    digest = hashlib.sha256(f"{_FORMAT} {content}".encode())
    for block in space.blocks:
        digest.update(f" {block.dim} {block.weight}".encode())
    for array in (*space.whitening, space.mean):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


def open_derived(
    folder: Path,
    faces: Vectors,
    starts: Ints,
    space: FaceSpace,
    kernel: Int8Kernel,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> Derived:
    """Map what is derived, and make it first where it is not there or does not fit.

    Others may be searching another version meanwhile, so making it steps back for them; `progress` is called from
    the thread that does so.

    Args:
        folder: of this version and these statistics, and of nothing else.
        faces: each person's together.
        starts: (people,) where the faces of each person begin.
        space: where they live.
        kernel: multiplies bytes.
        cancel: ends making it.
        progress: told how far it is made.

    Raises:
        StorageError: it cannot be written.
        Cancelled: the token was set.
    """
    with contextlib.suppress(SearchMatrixUnfit):
        found = _mapped(folder, faces, len(starts), kernel)
        with contextlib.suppress(OSError):
            os.utime(folder)  # says that it is in use
        return found
    with staged_folder(folder) as stage:
        gently(lambda: _derive(stage, faces, starts, space, cancel, progress))
    return _mapped(folder, faces, len(starts), kernel)


def _derive(
    stage: Path, faces: Vectors, starts: Ints, space: FaceSpace, cancel: CancelToken, progress: ProgressListener
) -> None:
    int8_matrix.derive(faces, stage / _FACES, progress, cancel)
    write_templates(
        faces, starts, space, stage / _PLAIN, stage / _WHITE, stage / _MEANS, cancel=cancel, progress=progress
    )
    white = _templates(stage / _WHITE, len(starts), faces.dim)
    int8_matrix.derive(white, stage / _PEOPLE, progress, cancel)


def _mapped(folder: Path, faces: Vectors, people: int, kernel: Int8Kernel) -> Derived:
    face_index = Int8Search(Int8Matrix.open(folder / _FACES, faces), faces, kernel)
    white = _templates(folder / _WHITE, people, faces.dim)
    plain = _templates(folder / _PLAIN, people, faces.dim)
    index = Int8Search(Int8Matrix.open(folder / _PEOPLE, white), white, kernel, keeps=False)
    return Derived(face_index, IndexedPeople(index, white, plain, _means(folder / _MEANS, people)))


def _templates(path: Path, people: int, dim: int) -> FusedVectors:
    try:
        return FusedVectors([(map_vectors(path, people, dim, "float16"), 1.0)])
    except DatabaseDamaged as error:
        raise SearchMatrixUnfit(path=path, reason=str(error.fields["reason"])) from error


def _means(path: Path, people: int) -> Floats:
    try:
        means: Floats = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SearchMatrixUnfit(path=path, reason="it cannot be read") from error
    if means.shape != (people,):
        raise SearchMatrixUnfit(path=path, reason=f"it holds {means.shape} numbers for {people} people")
    return means
