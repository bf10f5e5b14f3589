"""An installed version of the performers database, opened for one model pack: who is in it, and finding them."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stash_sense.errors import DatabaseDamaged, PackDiffers
from stash_sense.kernel.arrays import Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers import schema
from stash_sense.performers.manifest import DATABASE_NAME, Manifest
from stash_sense.performers.records import ReferencePicture
from stash_sense.performers.roster import StoredRoster
from stash_sense.performers.search.derived import Derived, derived_key, open_derived
from stash_sense.performers.search.face_search import FaceSearch
from stash_sense.performers.search.float_search import FloatSearch
from stash_sense.performers.search.index import ArrayVectors, Int8Kernel, Vectors
from stash_sense.performers.vectors import FusedVectors, map_vectors
from stash_sense.performers.versions.library import InstalledVersion
from stash_sense.recognition.evidence import GalleryEvidence
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.people import People, PeopleInMemory
from stash_sense.recognition.space import Block, FaceSpace
from stash_sense.recognition.spec import Decision

SMALL = 10_000
"""Faces up to which a database is simply read into memory: 13 MB of 320 numbers, less than a second to prepare."""


@dataclass(frozen=True, slots=True)
class PackSpace:
    """What a model pack says about vectors: its id, its embedders' ids in order, and the space they span."""

    pack: str
    embedders: tuple[str, ...]
    space: FaceSpace


class PerformersDatabase:
    """People of one version; implements `KnownPeople`. Any number of threads may use it at once."""

    def __init__(
        self, manifest: Manifest, roster: StoredRoster, faces: Vectors, starts: Ints, derived: Derived | None
    ) -> None:
        self.manifest = manifest
        self.roster = roster
        self.faces = faces
        self._starts = starts
        self._derived = derived
        self.search = FaceSearch(FloatSearch(faces) if derived is None else derived.faces, faces, starts)

    @classmethod
    def open(
        cls,
        version: InstalledVersion,
        derived: Path,
        pack: PackSpace,
        kernel: Int8Kernel,
        cancel: CancelToken | None = None,
        progress: ProgressListener = silent,
        small: int = SMALL,
    ) -> "PerformersDatabase":
        """Make a version ready to search.

        Args:
            version: to open.
            derived: folder below which is kept what is derived from versions.
            pack: whose vectors it must hold.
            kernel: multiplies bytes.
            cancel: ends deriving, which happens once and takes seconds for 100,000 faces.
            progress: told how far that is.
            small: faces up to which the database is read into memory.

        Raises:
            PackDiffers: its vectors are of another pack, or of other embedders.
            DatabaseDamaged: its files do not fit together.
            StorageError: what is derived cannot be written.
            Cancelled: the token was set.
        """
        manifest = version.manifest
        blocks = _blocks_of(manifest, pack)
        connection = schema.open_finished(version.folder / DATABASE_NAME)
        try:
            numbers, starts = _people_of(connection, manifest, version.folder)
            parts = [
                (map_vectors(version.folder / one.file, manifest.face_count, one.dim, one.dtype), block.weight)
                for one, block in zip(manifest.embedders, blocks, strict=True)
            ]
            faces = FusedVectors(parts)
            roster = StoredRoster(version.folder / DATABASE_NAME, connection, numbers)
            if faces.count <= small:
                return cls(manifest, roster, ArrayVectors(faces.block(0, faces.count)), starts, None)
            folder = derived / f"{manifest.version}-{derived_key(manifest.content, pack.space)}"
            found = open_derived(folder, faces, starts, pack.space, kernel, cancel or CancelToken(), progress)
            return cls(manifest, roster, faces, starts, found)
        except BaseException:
            connection.close()
            raise

    def owner_of(self, face: int) -> int:
        """Return the row of the person whom a face is of."""
        return int(np.searchsorted(self._starts, face, side="right")) - 1

    def reference_count(self, row: int) -> int:
        """Return how many faces a person is known by."""
        end = int(self._starts[row + 1]) if row + 1 < len(self._starts) else self.faces.count
        return end - int(self._starts[row])

    @property
    def searched_bytes(self) -> int:
        """Bytes that a search of faces reads through: what is held in memory while the database is in use."""
        return self.faces.dim * self.faces.count * (4 if self._derived is None else 1)

    @property
    def pack(self) -> str:
        """Id of the pack that made the vectors."""
        return self.manifest.pack

    def pictures(self, rows: Ints) -> tuple[ReferencePicture, ...]:
        """Say which pictures some faces are of."""
        return self.roster.pictures(rows.tolist())

    def judge(self, decision: Decision, strict: bool = False, top_k: int = 3) -> Judge:
        """Make ready to weigh groups of faces against these people (see `Judge`)."""
        people = self.people_for(decision.constants.crowd_size, decision.space)
        return Judge.of(GalleryEvidence(people, decision.space), self.search, decision, strict, top_k)

    def people_for(self, crowd_size: int, space: FaceSpace) -> People:
        """Return everybody's templates, padded up to so many with people who do not exist (see `GalleryEvidence`)."""
        if self._derived is not None and self._derived.people.known >= crowd_size:
            return self._derived.people
        owner = np.repeat(np.arange(len(self._starts)), np.diff(np.append(self._starts, self.faces.count)))
        return PeopleInMemory.of(self.faces.block(0, self.faces.count), owner, space, crowd_size)

    def close(self) -> None:
        """Let go of the files; nobody may use it any more."""
        self.roster.close()


def _blocks_of(manifest: Manifest, pack: PackSpace) -> list[Block]:
    theirs = [(one.id, one.dim) for one in manifest.embedders]
    ours = [(name, block.dim) for name, block in zip(pack.embedders, pack.space.blocks, strict=True)]
    if manifest.pack != pack.pack or theirs != ours:
        raise PackDiffers(made_with=manifest.pack, pack=pack.pack)
    return list(pack.space.blocks)


def _people_of(connection: sqlite3.Connection, manifest: Manifest, folder: Path) -> tuple[Ints, Ints]:
    """Return the numbers of the performers with faces, and where the faces of each begin."""
    with schema.reading(folder / DATABASE_NAME):
        rows = connection.execute("SELECT id, face_count FROM performers WHERE face_count > 0 ORDER BY id")
        table: Ints = np.fromiter(rows, np.dtype((np.int64, 2)))
    ends = np.cumsum(table[:, 1])
    if (int(ends[-1]) if len(ends) else 0) != manifest.face_count:
        raise DatabaseDamaged(
            path=folder, reason="the performers have another number of faces than the manifest says"
        )
    return table[:, 0], ends - table[:, 1]
