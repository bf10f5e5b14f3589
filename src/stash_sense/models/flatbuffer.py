"""Tables of a FlatBuffers file, read so that no byte of the file can lead outside of it.

Written here because the readers that the format's own compiler makes follow every offset and count that they find:
a file that was tampered with ends them with errors of many kinds, or keeps them busy.
https://flatbuffers.dev/internals
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Ints

_OFFSET = struct.Struct("<I")
_SCALARS = {kind: struct.Struct(f"<{kind}") for kind in "bBiI"}
_HALF = struct.Struct("<H")


class FlatbufferDamaged(Exception):
    """The file is not what it should be; the message says where."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a file.

    Attributes:
        content: the whole file.
        at: where the table begins, bytes.
        what: what it is, for errors.
    """

    content: bytes
    at: int
    what: str

    @classmethod
    def root(cls, content: bytes, identifier: bytes, what: str) -> "Table":
        """Return the table that a file with this identifier begins with.

        Raises:
            FlatbufferDamaged: it has another identifier, or none.
        """
        if content[4:8] != identifier:
            raise FlatbufferDamaged(f"it does not begin as {what} does")
        return cls(content, _read(_OFFSET, content, 0, what), what)

    def scalar(self, field: int, kind: str, default: int = 0) -> int:
        """Return a number; `kind` as in `struct`: b, B, i or I."""
        place = self._place(field)
        return default if place is None else _read(_SCALARS[kind], self.content, place, self.what)

    def table(self, field: int, what: str) -> "Table":
        """Return the table that a field names.

        Raises:
            FlatbufferDamaged: the field is empty.
        """
        place = self._place(field)
        if place is None:
            raise FlatbufferDamaged(f"{self.what} lacks {what}")
        return Table(self.content, self._target(place), what)

    def tables(self, field: int, what: str) -> Iterator["Table"]:
        """Give the tables that a field lists."""
        start, count = self._vector(field, 4)
        for index in range(count):
            yield Table(self.content, self._target(start + 4 * index), f"{what} {index}")

    def integers(self, field: int) -> Ints:
        """Return the 32-bit integers that a field lists: (n,) int64."""
        start, count = self._vector(field, 4)
        return np.frombuffer(self.content, "<i4", count, start).astype(np.int64) if count else np.zeros(0, np.int64)

    def data(self, field: int) -> bytes:
        """Return the bytes that a field lists."""
        start, count = self._vector(field, 1)
        return self.content[start : start + count]

    def _place(self, field: int) -> int | None:
        """Return where a field's content stands; None where the table leaves it out."""
        directory = self.at - _read(_SCALARS["i"], self.content, self.at, self.what)
        size = _read_half(self.content, directory, self.what)
        entry = 4 + 2 * field
        if entry + 2 > size:
            return None
        shift = _read_half(self.content, directory + entry, self.what)
        return self.at + shift if shift else None

    def _target(self, place: int) -> int:
        return place + _read(_OFFSET, self.content, place, self.what)

    def _vector(self, field: int, width: int) -> tuple[int, int]:
        """Return where a list's items begin and how many there are, once they are known to lie in the file."""
        place = self._place(field)
        if place is None:
            return 0, 0
        start = self._target(place)
        count = _read(_OFFSET, self.content, start, self.what)
        if count * width > len(self.content) - start - 4:
            raise FlatbufferDamaged(f"{self.what} has a list of {count} items that ends behind the file")
        return start + 4, count


def _read(form: struct.Struct, content: bytes, place: int, what: str) -> int:
    if not 0 <= place <= len(content) - form.size:
        raise FlatbufferDamaged(f"{what} points to byte {place} of {len(content)}")
    number: int = form.unpack_from(content, place)[0]
    return number


def _read_half(content: bytes, place: int, what: str) -> int:
    return _read(_HALF, content, place, what)
