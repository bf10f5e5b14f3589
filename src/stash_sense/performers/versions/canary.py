"""A few known faces are searched for in a version before it is put into use: each must find itself."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from stash_sense.errors import CanaryFailed
from stash_sense.files import storage_errors
from stash_sense.kernel.arrays import Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.checking import check_database
from stash_sense.performers.database import SMALL, PackSpace, PerformersDatabase
from stash_sense.performers.manifest import Manifest
from stash_sense.performers.search.index import Int8Kernel
from stash_sense.performers.versions.library import InstalledVersion
from stash_sense.recognition.space import Block, FaceSpace

_PROBES = 16
_SAME = 0.999
"""Cosine from which a face is taken for itself: half precision leaves 0.9999 of it."""


def plain_space(manifest: Manifest) -> PackSpace:
    """Return a space to search a version in whose pack is not at hand: every embedder counts the same."""
    share = 1.0 / len(manifest.embedders)
    blocks = [Block(embedder.dim, share) for embedder in manifest.embedders]
    names = tuple(embedder.id for embedder in manifest.embedders)
    return PackSpace(manifest.pack, names, FaceSpace.plain(blocks))


def prove(
    version: InstalledVersion,
    pack: PackSpace,
    derived: Path,
    kernel: Int8Kernel,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> None:
    """Check a version's tables, open it, and search for some of its own faces.

    Args:
        version: to prove; what searching it needs is derived on the way, where it is not there.
        pack: of its vectors.
        derived: folder below which that is kept.
        kernel: multiplies bytes.
        cancel: ends it.
        progress: told how far it is.

    Raises:
        CanaryFailed: a face does not find itself, or the person it is of.
        DatabaseDamaged: its tables are not what its manifest says.
        DatabaseError: the version cannot be opened.
        StorageError: what is derived cannot be written.
        Cancelled: the token was set.
    """
    check_database(version.folder, version.manifest, cancel)
    database = PerformersDatabase.open(version, derived, pack, kernel, cancel, progress)
    try:
        rows = np.unique(np.linspace(0, max(0, version.manifest.face_count - 1), _PROBES).astype(np.int64))
        if version.manifest.face_count:
            _search(database, rows, version.folder)
    finally:
        database.close()


def prove_plainly(
    version: InstalledVersion,
    derived: Path,
    kernel: Int8Kernel,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> None:
    """Prove a version whose pack is not at hand, every embedder counting the same; see `prove`.

    What is derived for that is of use to nobody else, and removed at the end.
    """
    space = plain_space(version.manifest)
    if version.manifest.face_count <= SMALL:  # nothing is derived
        prove(version, space, derived, kernel, cancel, progress)
        return
    with storage_errors(derived):
        derived.mkdir(parents=True, exist_ok=True)
        # Called like what is being derived, so that it goes with the version if this process is killed.
        prefix = f".{version.version}-plain.staged-"
        scratch = TemporaryDirectory(dir=derived, prefix=prefix, ignore_cleanup_errors=True)
    with scratch as place:
        prove(version, space, Path(place), kernel, cancel, progress)


def _search(database: PerformersDatabase, rows: Ints, folder: Path) -> None:
    probes = database.faces.rows(rows)
    hits = database.search.search(probes, 1)
    for row, person, cosine in zip(rows.tolist(), hits.persons[:, 0].tolist(), hits.best[:, 0].tolist(), strict=True):
        # Of two people with the same photograph either may come first.
        itself = np.array([database.owner_of(row)])
        own = float(database.search.nearest(probes[np.searchsorted(rows, row)], itself)[0])
        if cosine < _SAME or own < cosine - 1e-3 or not database.roster[person].name:
            raise CanaryFailed(path=folder, row=row)
