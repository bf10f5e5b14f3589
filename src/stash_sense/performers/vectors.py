"""Vector files: row by row one embedder's unit vectors of all faces; several of them side by side are the faces."""

import contextlib
import mmap
import os
import weakref
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import numpy as np

from stash_sense.errors import DatabaseDamaged, DatabaseUnreadable
from stash_sense.kernel.arrays import AnyArray, Floats, Ints
from stash_sense.recognition.space import unit

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
        # Finished files are closed by now; what is left of others is nobody's, and a full disk would refuse it again.
        with contextlib.suppress(OSError):
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
        DatabaseUnreadable: it may not be read.
    """
    try:
        if rows == 0:
            mapped: AnyArray = np.load(path, allow_pickle=False)
        else:
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except PermissionError as error:
        raise DatabaseUnreadable(path=path, reason=error.strerror) from error
    except (OSError, ValueError, EOFError, SyntaxError, TypeError) as error:
        raise DatabaseDamaged(path=path, reason="the vectors cannot be read") from error
    if mapped.shape != (rows, dim) or mapped.dtype != np.dtype(dtype).newbyteorder("<"):
        reason = f"it holds {mapped.dtype} of shape {mapped.shape} instead of {dtype} of ({rows}, {dim})"
        raise DatabaseDamaged(path=path, reason=reason)
    if not mapped.flags.c_contiguous:
        raise DatabaseDamaged(path=path, reason="its vectors lie the wrong way round")
    return mapped


class _Held:
    """Rows in memory, or in a mapped file where single rows cannot be read from one."""

    def __init__(self, array: AnyArray) -> None:
        self._array = array

    def rows(self, rows: Ints) -> AnyArray:
        return self._array[rows]

    def block(self, start: int, stop: int) -> AnyArray:
        return self._array[start:stop]


class _Stored:
    """Rows read from a file that is mapped, but not through the map.

    Reading a row of 512 takes 1.4 us; through the map it takes 5.5, and 64 KiB around it become the process's memory.
    """

    def __init__(self, mapped: "np.memmap[Any, Any]") -> None:
        self._path = Path(os.fspath(mapped.filename or ""))
        self._offset, self._type, self._dim = int(mapped.offset), mapped.dtype, int(mapped.shape[1])
        try:
            self._file = os.open(self._path, os.O_RDONLY)
        except OSError as error:
            raise DatabaseDamaged(path=self._path, reason="the vectors cannot be read") from error
        weakref.finalize(self, os.close, self._file)

    def rows(self, rows: Ints) -> AnyArray:
        size = self._dim * self._type.itemsize
        places = (rows * size + self._offset).tolist()
        content = b"".join(map(os.pread, repeat(self._file), repeat(size), places))
        if len(content) != len(rows) * size:
            raise self._too_short()
        return np.frombuffer(content, self._type).reshape(len(rows), self._dim)

    def block(self, start: int, stop: int) -> AnyArray:
        found = np.empty((stop - start, self._dim), self._type)
        into = found.view(np.uint8).reshape(-1)
        place = self._offset + start * self._dim * self._type.itemsize
        while len(into):  # one reading ends after 2 GiB at the latest
            count = os.preadv(self._file, [into.data], place)
            if not count:
                raise self._too_short()
            into, place = into[count:], place + count
        return found

    def _too_short(self) -> DatabaseDamaged:
        return DatabaseDamaged(path=self._path, reason="it ends in the middle of the vectors")


def _part(array: AnyArray) -> _Held | _Stored:
    # A part of a mapped file says the same name and offset as the whole of it, but hangs on an array.
    if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and hasattr(os, "preadv"):
        return _Stored(array)
    return _Held(array)


class FusedVectors:
    """Several embedders' vector files as one: the unit vectors side by side, each times the root of its share.

    The cosine of two such vectors is the weighted mean of the embedders' cosines.
    """

    def __init__(self, parts: Sequence[tuple[AnyArray, float]]) -> None:
        """Put files together.

        Args:
            parts: (rows, dim) unit vectors and the share (0 to 1) of each embedder; the shares sum to 1.

        Raises:
            DatabaseDamaged: a mapped file is no longer there.
        """
        self._parts = [(_part(array), np.float32(np.sqrt(share))) for array, share in parts]
        self.count = len(parts[0][0])
        self.dim = sum(array.shape[1] for array, _ in parts)

    def rows(self, rows: Ints) -> Floats:
        """Return the (k, dim) float32 unit vectors of some rows."""
        return self._joined([part.rows(rows) for part, _ in self._parts])

    def block(self, start: int, stop: int) -> Floats:
        """Return the (stop - start, dim) float32 unit vectors of neighbouring rows."""
        return self._joined([part.block(start, stop) for part, _ in self._parts])

    def _joined(self, parts: Sequence[AnyArray]) -> Floats:
        shares = (share for _, share in self._parts)
        return np.concatenate(
            [unit(part.astype(np.float32)) * share for part, share in zip(parts, shares, strict=True)], axis=1
        )
