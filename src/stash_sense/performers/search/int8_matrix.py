"""Vectors as bytes, a quarter of their size in float32: derived once into a file, then mapped into memory.

A value v of dimension d is kept as 128 + round(v / scale[d]), where the scale makes the dimension's largest value
127. The scales are multiplied into the probe before it is rounded to whole numbers itself. So the sum of the products
is, but for the rounding and two numbers that are the same for all rows, the probe's cosine to each row: sums can be
compared as they are. The bytes are unsigned, the probe is signed, and the rows come first and whole, because so
onnxruntime is fastest: 0.043 s of processor time for 250,000 rows of 1,024 with 64 probes, against 0.18 s with the
rows as columns, 1.1 s with both signed, and 0.42 s in float32 (a processor with AMX).
"""

import json
import math
import mmap
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stash_sense.errors import SearchMatrixUnfit, VectorsNotNumbers
from stash_sense.files import storage_errors
from stash_sense.kernel.arrays import Doubles, Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.search.index import MOST, Bytes, Vectors, WholeProbes

_ROWS = 512
"""Rows converted at once: 2 MiB of 1,024 floats, which stay near the processor. In blocks of 32 MiB it took half as
long again, and took memory and its bandwidth from searches at the same time."""
_WRITTEN = 8 << 20
"""Bytes written at once: after pieces of 512 KiB single probes took a tenth longer, it seems because Linux caches
large pieces in large pages."""
_FORMAT = "stash-sense int8 1"
_PAGE = 4096
_STAGE = "search matrix"
_DEVIATIONS = 5.0
"""Standard deviations of the rounding that are allowed for: one row in three million on the border is beyond that."""


@dataclass(frozen=True, slots=True, eq=False)
class Int8Matrix:
    """Vectors as bytes.

    Attributes:
        rows: (count, dim).
        scales: (dim,) what one step of a byte is worth.
        energy: the largest sum of squares of a row's steps, which the rounding of a probe is multiplied by.
        file: that the rows are mapped from, at its end.
    """

    rows: Bytes
    scales: Floats
    energy: float
    file: mmap.mmap

    @classmethod
    def open(cls, path: Path, vectors: Vectors) -> "Int8Matrix":
        """Map a file into memory; nothing of its rows is read yet.

        Raises:
            SearchMatrixUnfit: it is missing, damaged, or was made of other vectors.
        """
        try:
            with path.open("rb") as file:
                header = _header(file.read(_PAGE))
                scales = np.frombuffer(file.read(4 * vectors.dim), "<f4")
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError, RecursionError) as error:
            raise SearchMatrixUnfit(path=path, reason=str(error) or type(error).__name__) from error
        shape = (vectors.count, vectors.dim)
        if header["shape"] != list(shape):
            found = " x ".join(map(str, header["shape"]))
            raise SearchMatrixUnfit(path=path, reason=f"it holds {found} values, not {shape[0]} x {shape[1]}")
        start = _rows_start(vectors.dim)
        if len(mapped) != start + vectors.count * vectors.dim or not (
            np.isfinite(scales).all() and (scales > 0).all()
        ):
            raise SearchMatrixUnfit(path=path, reason="it is damaged")
        rows: Bytes = np.frombuffer(mapped, np.uint8, offset=start).reshape(shape)
        return cls(rows, scales.astype(np.float32), header["energy"], mapped)

    def let_go(self, start: int, stop: int) -> None:
        """Give back the memory of the rows from `start` up to `stop`, where the system has a way to.

        They stay in its cache as long as there is room, and are mapped again when they are read again: other threads
        may be reading them meanwhile.
        """
        if start == stop or not hasattr(mmap, "MADV_DONTNEED"):
            return
        first, end = (len(self.file) - (len(self.rows) - row) * self.rows.shape[1] for row in (start, stop))
        first -= first % mmap.PAGESIZE
        self.file.madvise(mmap.MADV_DONTNEED, first, end - first)

    def whole(self, probes: Floats) -> tuple[WholeProbes, Doubles]:
        """Round probes to whole numbers.

        Args:
            probes: (n, dim) unit vectors.

        Returns:
            The probes, and (n,) how much lower the score of a row may be than that of one which is no nearer.
        """
        scaled = probes * self.scales
        steps = np.abs(scaled).max(axis=1, initial=0.0, keepdims=True) / MOST
        scaled = scaled / np.where(steps > 0, steps, 1.0)
        # What is rounded away of a value is spread evenly over one step, so its variance is 1/12 of a step: that of a
        # row's bytes is multiplied by the probe, that of the probe by the row's steps. Both of two rows are wrong.
        variance = (np.square(scaled, dtype=np.float64).sum(axis=1) + self.energy) / 12.0
        return np.rint(scaled).astype(np.int8), _DEVIATIONS * np.sqrt(2.0 * variance)


def derive(
    vectors: Vectors, path: Path, listener: ProgressListener = silent, cancel: CancelToken | None = None
) -> None:
    """Write vectors as bytes into a file that `Int8Matrix.open` maps; it is there whole or not at all.

    Args:
        vectors: read twice from end to end, a block at a time.
        path: of the file; its folder is there.
        listener: told after each block.
        cancel: looked at before each block.

    Raises:
        VectorsNotNumbers: a value is not finite.
        StorageError: the file cannot be written.
        Cancelled: the token was set.
    """
    cancel = cancel or CancelToken()
    blocks = [(start, min(start + _ROWS, vectors.count)) for start in range(0, vectors.count, _ROWS)]
    largest = np.zeros(vectors.dim, np.float32)
    for number, (start, stop) in enumerate(blocks, 1):
        cancel.raise_if_cancelled()
        np.maximum(largest, np.abs(vectors.block(start, stop)).max(axis=0), out=largest)
        listener(Progress(_STAGE, number, 2 * len(blocks)))
    if not np.isfinite(largest).all():
        raise VectorsNotNumbers
    # A dimension that is never used has any scale; the smallest of floats would not have one that is above 0.
    scales = np.where(largest > np.finfo(np.float32).tiny * 127, largest / 127, np.float32(1)).astype("<f4")
    energy = 0.0
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with storage_errors(path):
        try:
            with part.open("xb", _WRITTEN) as file:
                file.seek(_PAGE)
                file.write(scales.tobytes())
                file.seek(_rows_start(vectors.dim))
                for number, (start, stop) in enumerate(blocks, len(blocks) + 1):
                    cancel.raise_if_cancelled()
                    steps = np.rint(vectors.block(start, stop) / scales)
                    energy = max(energy, float(np.vecdot(steps, steps).max()))
                    file.write((steps + 128).astype(np.uint8).tobytes())
                    listener(Progress(_STAGE, number, 2 * len(blocks)))
                file.truncate()
                file.seek(0)
                header = {"format": _FORMAT, "shape": [vectors.count, vectors.dim], "energy": energy}
                file.write(json.dumps(header).encode().ljust(_PAGE))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _rows_start(dim: int) -> int:
    """Where the rows begin in a file: on a page, after the header and the scales."""
    return _PAGE + math.ceil(4 * dim / _PAGE) * _PAGE


def _header(page: bytes) -> dict[str, Any]:
    header = json.loads(page)
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise ValueError("it is not a search matrix of this version")
    energy, shape = header.get("energy"), header.get("shape")
    if not (isinstance(energy, float) and math.isfinite(energy) and isinstance(shape, list)):
        raise ValueError("its header is damaged")
    return header
