"""Approximate search with the library Voyager: for those who want it, or whose other programs read its files."""

import importlib
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np

from stash_sense.errors import VoyagerDamaged, VoyagerMissing, VoyagerUnknown
from stash_sense.files import flush_folder, storage_error, storage_errors
from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.public.voyager_file import VoyagerFile
from stash_sense.performers.public.voyager_header import Space
from stash_sense.performers.search.index import Nearest, Vectors

_DEPTH = 1000
"""Candidates a search keeps: of 50,000 vectors it finds 98.6 % of the ten nearest, with 100 it finds 83 %."""
_LINKS, _BUILD_DEPTH = 12, 200
"""The library's own defaults for building."""
_BLOCK = 4096
"""Vectors handed to the library at once."""


class VoyagerIndex:
    """`VectorIndex` over an index file whose labels are the rows, in the library's memory.

    Args:
        path: a file that `export` made.
        depth: candidates that a search keeps: more finds more and takes longer.
        threads: that a search of several probes may use.
    """

    def __init__(self, path: Path, *, depth: int = _DEPTH, threads: int = 1) -> None:
        """Check a file and open it: the library follows what a file says wherever it leads.

        Raises:
            VoyagerMissing: the library is not installed.
            VoyagerDamaged, VoyagerUnknown: the file is damaged, or no index of rows by cosine.
            InputMissing, InputUnreadable: there is no such file, or it cannot be read.
        """
        library = _library()
        with VoyagerFile(path) as file:
            file.check_graph()
            if file.space is not Space.COSINE or not np.array_equal(file.labels, np.arange(file.count)):
                raise VoyagerUnknown(path=path, reason="its labels are no rows, or its distances no cosines")
            self.count, self.dim = file.count, file.dim
        self._depth, self._threads = depth, threads
        self._too_few: type[Exception] = library.RecallError
        try:
            # An empty index can be written, but the library does not read it.
            self._index: Any = library.Index.load(str(path)) if self.count else None
        except (RuntimeError, ValueError) as error:
            raise VoyagerDamaged(path=path, reason=str(error)) from error

    def search(self, probes: Floats, k: int) -> Nearest:
        """Return about the `k` nearest rows of each (n, dim) float32 unit vector, or all when there are fewer."""
        k = min(k, self.count)
        if k == 0 or len(probes) == 0:
            return Nearest(np.zeros((len(probes), k), np.int64), np.zeros((len(probes), k), np.float32))
        depth = max(self._depth, k)
        try:
            found, distances = self._index.query(
                np.ascontiguousarray(probes, np.float32), k=k, num_threads=self._threads, query_ef=depth
            )
        except self._too_few:  # the graph can fall apart, and then has fewer than k rows within reach
            return self._all(probes, k)
        return _ordered(found.astype(np.int64), np.float32(1.0) - distances)

    def _all(self, probes: Floats, k: int) -> Nearest:
        """Look at every row."""
        rows, cosines = np.zeros((len(probes), 0), np.int64), np.zeros((len(probes), 0), np.float32)
        for start in range(0, self.count, _BLOCK):
            block = np.arange(start, min(start + _BLOCK, self.count))
            near = probes @ self._index.get_vectors(block).T
            cosines = np.concatenate([cosines, near], axis=1)
            rows = np.concatenate([rows, np.broadcast_to(block, near.shape)], axis=1)
            best = _ordered(rows, cosines)
            rows, cosines = best.rows[:, :k], best.cosines[:, :k]
        return Nearest(rows, cosines)


def export(
    vectors: Vectors,
    path: Path,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
    *,
    links: int = _LINKS,
    build_depth: int = _BUILD_DEPTH,
) -> None:
    """Write the index file of some vectors; it appears whole or not at all.

    Args:
        vectors: whose rows become the labels.
        path: of the file, by custom `.voy`; one that is there is replaced.
        progress: told the rows added.
        cancel: looked at between blocks of rows.
        links: that a row has on the upper levels; twice as many at the bottom.
        build_depth: candidates that are kept when a row is added.

    Raises:
        VoyagerMissing: the library is not installed.
        StorageError: the disk said no.
        Cancelled: the token was set; there is no new file.
    """
    library = _library()
    index = library.Index(
        library.Space.Cosine, vectors.dim, M=links, ef_construction=build_depth, max_elements=max(vectors.count, 1)
    )
    for start in range(0, vectors.count, _BLOCK):
        if cancel is not None:
            cancel.raise_if_cancelled()
        stop = min(start + _BLOCK, vectors.count)
        index.add_items(vectors.block(start, stop), ids=np.arange(start, stop), num_threads=1)
        progress(Progress("index", stop, vectors.count))
    _save(index, path)


def _save(index: Any, path: Path) -> None:
    part = path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.touch(exist_ok=False)
            try:
                index.save(str(part))
            except RuntimeError as error:  # the library's word for a disk that is full or may not be written
                raise storage_error(path, OSError(0, str(error))) from error
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)


def _ordered(rows: Ints, cosines: Floats) -> Nearest:
    """Put the best first, of equal ones the lower row."""
    order = np.lexsort((rows, -cosines), axis=1)
    return Nearest(np.take_along_axis(rows, order, axis=1), np.take_along_axis(cosines, order, axis=1))


def _library() -> Any:
    try:
        return importlib.import_module("voyager")
    except ImportError as error:
        raise VoyagerMissing from error
