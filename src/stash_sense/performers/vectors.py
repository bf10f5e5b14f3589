"""Vector files: row by row one embedder's unit vectors of all faces; several of them side by side are the faces."""

import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import numpy as np

from stash_sense.errors import DatabaseDamaged
from stash_sense.kernel.arrays import AnyArray, Floats, Ints
from stash_sense.recognition.space import unit

_TOUCHED = 16 * 1024 * 1024
"""Bytes of mapped files that may stay in memory before their pages are given back."""

DType = Literal["float16", "float32"]


class VectorFile:
    """Writes an .npy of (rows, dim) whose number of rows is known at the end.

    Rows are kept in half precision by default: of unit vectors of 128 to 512 numbers it moves cosines by 2e-4 at
    most, and takes half the disk.
    """

    def __init__(self, path: Path, dim: int, dtype: DType = "float16") -> None:
        self._type = np.dtype(dtype).newbyteorder("<")
        self._dim = dim
        self.count = 0
        self._file: IO[bytes] = path.open("wb")
        self._write_header()
        self._begin = self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, vectors: AnyArray) -> bytes:
        """Add (n, dim) rows; returns the bytes written for them."""
        if vectors.ndim != 2 or vectors.shape[1] != self._dim:
            raise ValueError(f"vectors of shape {vectors.shape} instead of (n, {self._dim})")
        content = np.ascontiguousarray(vectors, self._type).tobytes()
        self._file.write(content)
        self.count += len(vectors)
        return content

    def finish(self) -> None:
        """Write the number of rows, flush to the disk, and close."""
        self._file.seek(0)
        self._write_header()
        if self._file.tell() != self._begin:  # numpy leaves room for the number to grow
            raise RuntimeError("the header of the vector file changed its length")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _write_header(self) -> None:
        header = {"descr": self._type.str, "fortran_order": False, "shape": (self.count, self._dim)}
        np.lib.format.write_array_header_1_0(self._file, header)


def map_vectors(path: Path, rows: int, dim: int, dtype: str) -> AnyArray:
    """Map a vector file into memory, to read.

    Raises:
        DatabaseDamaged: it is no such file, or not of this shape and type.
    """
    try:
        if rows == 0:
            mapped: AnyArray = np.load(path, allow_pickle=False)
        else:
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TypeError) as error:
        raise DatabaseDamaged(path=path, reason="the vectors cannot be read") from error
    if mapped.shape != (rows, dim) or mapped.dtype != np.dtype(dtype).newbyteorder("<"):
        reason = f"it holds {mapped.dtype} of shape {mapped.shape} instead of {dtype} of ({rows}, {dim})"
        raise DatabaseDamaged(path=path, reason=reason)
    if not mapped.flags.c_contiguous:
        raise DatabaseDamaged(path=path, reason="its vectors lie the wrong way round")
    return mapped


class FusedVectors:
    """Several embedders' vector files as one: the unit vectors side by side, each times the root of its share.

    The cosine of two such vectors is the weighted mean of the embedders' cosines.
    """

    def __init__(self, parts: Sequence[tuple[AnyArray, float]]) -> None:
        """Put files together.

        Args:
            parts: (rows, dim) unit vectors and the share (0 to 1) of each embedder; the shares sum to 1.
        """
        self._parts = [(array, np.float32(np.sqrt(share))) for array, share in parts]
        self.count = len(parts[0][0])
        self.dim = sum(array.shape[1] for array, _ in parts)
        self._touched = 0

    def rows(self, rows: Ints) -> Floats:
        """Return the (k, dim) float32 unit vectors of some rows."""
        joined = self._joined([array[rows] for array, _ in self._parts])
        self._let_go(len(rows) * len(self._parts) * mmap.PAGESIZE)
        return joined

    def block(self, start: int, stop: int) -> Floats:
        """Return the (stop - start, dim) float32 unit vectors of neighbouring rows."""
        joined = self._joined([array[start:stop] for array, _ in self._parts])
        self._let_go((stop - start) * self.dim * 4)
        return joined

    def _let_go(self, touched: int) -> None:
        """Give back the pages that reading has brought into memory; the system keeps what is worth keeping."""
        self._touched += touched
        if self._touched < _TOUCHED:
            return
        self._touched = 0
        for array, _ in self._parts:
            mapped = getattr(array, "_mmap", None)
            if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)

    def _joined(self, parts: Sequence[AnyArray]) -> Floats:
        shares = (share for _, share in self._parts)
        return np.concatenate(
            [unit(part.astype(np.float32)) * share for part, share in zip(parts, shares, strict=True)], axis=1
        )
