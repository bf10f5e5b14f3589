"""A Voyager index file to its vectors, without the library: that follows what a file says wherever it leads.

The file is read in pieces, not mapped: a mapped file that somebody shortens meanwhile ends the process, and all the
pages that were looked at count as its memory.
"""

import functools
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from stash_sense.errors import InputMissing, InputUnreadable, VoyagerDamaged, VoyagerUnknown
from stash_sense.kernel.arrays import AnyArray, Bools, Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.public.voyager_header import (
    HEADER_BYTES,
    LayoutUnknown,
    LayoutWrong,
    Metadata,
    Space,
    Storage,
    read_layout,
)

_PIECE = 4 * 1024 * 1024
"""Bytes read at once."""
_GAP = 64 * 1024
"""Bytes between two wanted vectors that are cheaper read along than left out."""
_DELETED = 0x10000
"""Set in the number of an element's links."""
_SHORTEST = 1e-6
"""A vector that is shorter points nowhere."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledVectors:
    """Vectors in the order of their labels as asked for.

    Attributes:
        labels: (n,) int64.
        vectors: (n, dim) float32 unit vectors; zeros where not usable.
        usable: (n,) bool; false where the file has no such label, has it marked as deleted, or has for it numbers
            that are no direction.
    """

    labels: Ints
    vectors: Floats
    usable: Bools


@functools.cache
def e4m3_values() -> Floats:
    """Return the numbers that the 256 bytes of E4M3 stand for, (256,) float32, in the library's order of bits.

    From the lowest bit: the sign, four bits of exponent, three bits of mantissa. Other than usual, the small numbers
    (exponent 0) have the exponent -7, as have none of the others, so that a gap lies between them.
    """
    byte = np.arange(256)
    sign, exponent, mantissa = byte & 1, byte >> 1 & 15, byte >> 5
    values = np.ldexp(np.where(exponent > 0, 1.0 + mantissa / 8.0, mantissa / 8.0), exponent - 7)
    values[(exponent == 15) & (mantissa == 7)] = np.nan
    signed: Floats = np.where(sign == 1, -values, values).astype(np.float32)
    return signed


@functools.cache
def float8_values() -> Floats:
    """Return the numbers that the 256 bytes of Float8 stand for, (256,) float32: 127 equal steps on either side."""
    steps: Floats = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.float32)
    return steps * np.float32(1 / 127)


class VoyagerFile:
    """An index file, open to read its vectors by label. One thread at a time.

    Attributes:
        path: the file.
        count: elements, with those that are marked as deleted.
    """

    def __init__(self, path: Path, headerless: Metadata | None = None) -> None:
        """Open a file and check the numbers of its header.

        Args:
            path: the file.
            headerless: what the vectors are, of a file from before version 1 of the format, which does not say it.

        Raises:
            InputMissing, InputUnreadable: there is no such file, or it cannot be read.
            VoyagerDamaged: it is no index, or a damaged one.
            VoyagerUnknown: it is an index of a version that is not known here.
        """
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise InputMissing(path=path) from error
        except OSError as error:
            raise InputUnreadable(path=path, reason=error.strerror) from error
        try:
            status = os.fstat(self._descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise InputUnreadable(path=path, reason="it is not a file")
            self._size = status.st_size
            head = self._read(0, min(HEADER_BYTES, self._size))
            self._layout = read_layout(head, self._size, headerless)
        except LayoutWrong as error:
            self.close()
            raise VoyagerDamaged(path=path, reason=str(error)) from error
        except LayoutUnknown as error:
            self.close()
            raise VoyagerUnknown(path=path, reason=str(error)) from error
        except BaseException:
            self.close()
            raise
        self.count = self._layout.count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; more than once does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._layout.metadata.dim

    @property
    def space(self) -> Space:
        """How the index measures distance."""
        return self._layout.metadata.space

    @property
    def storage(self) -> Storage:
        """How the index keeps a number."""
        return self._layout.metadata.storage

    @property
    def labels(self) -> Ints:
        """The labels that are not marked as deleted, (n,) int64, ascending.

        Raises:
            VoyagerDamaged: a label is there twice, or larger than 2^63 - 1.
        """
        return self._directory[0]

    def vectors(self, labels: Ints) -> LabelledVectors:
        """Return the vectors of some labels, in any order; memory grows with their number.

        Raises:
            VoyagerDamaged: the file was shortened meanwhile, or its labels are damaged.
        """
        return self.decoded(labels, *self.stored(labels))

    def blocks(self, size: int) -> Iterator[LabelledVectors]:
        """Give all vectors that are not marked as deleted, ascending by label, `size` at a time."""
        for start in range(0, len(self.labels), size):
            yield self.vectors(self.labels[start : start + size])

    def stored(self, labels: Ints) -> tuple[AnyArray, Bools]:
        """Return what the file has for some labels as it stands there, to be decoded in parts.

        Returns:
            (n, bytes of a vector) uint8, zeros where there is no such label; and (n,) bool, whether there is.
        """
        known, places = self._directory
        at = np.searchsorted(known, labels)
        found = np.zeros(len(labels), bool)
        inside = at < len(known)
        found[inside] = known[at[inside]] == labels[inside]
        raw = np.zeros((len(labels), self._layout.width), np.uint8)
        wanted = np.flatnonzero(found)
        self._gather(raw, wanted, places[at[wanted]])
        return raw, found

    def decoded(self, labels: Ints, raw: AnyArray, found: Bools) -> LabelledVectors:
        """Return what `stored` gave, or rows of it, as vectors."""
        if self.storage is Storage.FLOAT32:
            vectors = np.ascontiguousarray(raw).view("<f4").astype(np.float32)
        else:
            vectors = (e4m3_values() if self.storage is Storage.E4M3 else float8_values())[raw]
        with np.errstate(over="ignore", invalid="ignore"):
            lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
            usable = found & np.isfinite(lengths) & (lengths > _SHORTEST)
            vectors[~usable] = 0.0
            vectors /= np.where(usable, lengths, 1.0)[:, np.newaxis]
        return LabelledVectors(labels, vectors, usable)

    def check_graph(self, cancel: CancelToken | None = None) -> None:
        """Make sure that every link leads to an element of the file, before the library follows them.

        Raises:
            VoyagerDamaged: one does not.
        """
        layout = self._layout
        for start, elements in self._elements():
            if cancel is not None:
                cancel.raise_if_cancelled()
            heads = np.ascontiguousarray(elements[:, : layout.vector]).view("<u4")
            counts = heads[:, :1] & 0xFFFF
            named = np.arange(layout.links)[np.newaxis] < counts
            if (counts > layout.links).any() or (heads[:, 1:][named] >= self.count).any():
                raise self._damaged(f"a link of the elements from {start} on leads nowhere")
        self._check_upper()

    def _check_upper(self) -> None:
        """Walk the links of the levels above: they end where the file does, and none leads above an element's top."""
        layout, at = self._layout, self._layout.upper
        level = 4 + 4 * layout.links_above
        tops = np.zeros(self.count, np.int64)
        linked = np.zeros(self.count, np.int64)  # the highest level on which a link leads to each element
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(at)
            for number in range(self.count):
                size = int.from_bytes(file.read(4), "little")
                at += 4 + size
                tops[number] = levels = size // level
                if at > self._size or size % level or levels > layout.top:
                    raise self._damaged(f"the upper links of element {number} have {size} bytes")
                if size:
                    self._note_links(np.frombuffer(file.read(size), "<u4").reshape(levels, -1), linked)
        if at != self._size:
            raise self._damaged(f"{self._size - at} bytes too many follow its links")
        if (linked > tops).any() or (self.count and tops[layout.entry] != layout.top):
            raise self._damaged("a link leads to a level that its element does not have")

    def _note_links(self, links: AnyArray, linked: Ints) -> None:
        """Note in `linked` which elements one element's upper links lead to: (levels, 1 + links), numbers first."""
        for level, (head, *targets) in enumerate(links.tolist(), start=1):
            count = head & 0xFFFF
            if count > len(targets) or max(targets[:count], default=0) >= self.count:
                raise self._damaged("an upper link leads nowhere")
            for target in targets[:count]:
                linked[target] = max(linked[target], level)

    @functools.cached_property
    def _directory(self) -> tuple[Ints, Ints]:
        """The labels, ascending, and the number of the element that has each."""
        labels = np.zeros(self.count, np.int64)
        kept = np.zeros(self.count, bool)
        for start, elements in self._elements():
            stop = start + len(elements)
            end = self._layout.label
            labels[start:stop] = np.ascontiguousarray(elements[:, end : end + 8]).view("<i8")[:, 0]
            kept[start:stop] = np.ascontiguousarray(elements[:, :4]).view("<u4")[:, 0] & _DELETED == 0
        order = np.argsort(labels, kind="stable")
        ascending = labels[order]
        if self.count and (ascending[0] < 0 or (ascending[1:] == ascending[:-1]).any()):
            raise self._damaged("its elements are not numbered, each differently")
        order = order[kept[order]]
        return labels[order], order

    def _elements(self) -> Iterator[tuple[int, AnyArray]]:
        """Give all elements in pieces: the number of the first, and (n, bytes of an element) uint8."""
        layout = self._layout
        step = max(1, _PIECE // layout.element)
        for start in range(0, self.count, step):
            count = min(step, self.count - start)
            content = self._read(layout.begin + start * layout.element, count * layout.element)
            yield start, np.frombuffer(content, np.uint8).reshape(count, layout.element)

    def _gather(self, raw: AnyArray, rows: Ints, places: Ints) -> None:
        """Fill rows with the vectors of elements, reading the file once from its begin to its end."""
        layout = self._layout
        order = np.argsort(places, kind="stable")
        rows, places = rows[order], places[order]
        # A read ends at a gap that is not worth reading, or where it would grow too long.
        far = max(1, _GAP // layout.element)
        most = max(1, _PIECE // layout.element)
        start = 0
        while start < len(places):
            within = places[start : start + most]
            stop = int(np.searchsorted(within, within[0] + most))
            gaps = np.flatnonzero(np.diff(within[:stop]) > far)
            stop = int(gaps[0]) + 1 if len(gaps) else stop
            first, count = int(within[0]), int(within[stop - 1] - within[0]) + 1
            content = self._read(layout.begin + first * layout.element, count * layout.element)
            elements = np.frombuffer(content, np.uint8).reshape(count, layout.element)
            vectors = elements[:, layout.vector : layout.vector + layout.width]
            raw[rows[start : start + stop]] = vectors[within[:stop] - first]
            start += stop

    def _read(self, at: int, size: int) -> bytes:
        try:
            content = os.pread(self._descriptor, size, at)
        except OSError as error:
            raise InputUnreadable(path=self.path, reason=error.strerror) from error
        if len(content) != size:
            raise self._damaged("it became shorter while it was read")
        return content

    def _damaged(self, reason: str) -> VoyagerDamaged:
        return VoyagerDamaged(path=self.path, reason=reason)
