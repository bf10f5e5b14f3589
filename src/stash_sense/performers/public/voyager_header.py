"""The first bytes of a Voyager index to its layout, once every number of it was found to fit the file and the others.

The library (2.2, https://github.com/spotify/voyager) keeps an hnswlib graph: a header, then for each element its
links, its vector and its label, then each element's links on the levels above.
"""

import struct
from dataclasses import dataclass
from enum import Enum

_BEGIN = b"VOYA"
_KNOWN_VERSION = 1
_VERSION = struct.Struct("<4si")
_METADATA = struct.Struct("<iBBf?")
"""Dimension, space, storage, largest length, and whether vectors are one number longer than the dimension."""
_GRAPH = struct.Struct("<QQQQQQiIQQQdQ")
"""Offset of the links, elements there is room for, elements, bytes of an element, offsets of its label and of its
vector, highest level, first element, links above, links at the bottom, M, a factor, ef_construction."""

_MOST_DIMENSIONS = 65_536
_MOST_LINKS = 65_536
"""Of one element on one level: the format keeps their number in two bytes."""
_NOBODY = 0xFFFFFFFF
_LABEL_BYTES = 8


class Space(Enum):
    """How the index measures distance, by its number in the format."""

    EUCLIDEAN = 0
    INNER_PRODUCT = 1
    COSINE = 2


class Storage(Enum):
    """How the index keeps a number of a vector, by its number in the format."""

    FLOAT8 = 0x10
    FLOAT32 = 0x20
    E4M3 = 0x30

    @property
    def width(self) -> int:
        """Bytes of one number."""
        return 4 if self is Storage.FLOAT32 else 1


class LayoutWrong(Exception):
    """The numbers of the header cannot be those of this file; the message says which."""


class LayoutUnknown(Exception):
    """The file is of a version that is not known here; the message says which."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an index says of itself; of a file without a header, from before version 1, the caller must know it."""

    dim: int
    space: Space
    storage: Storage


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is.

    Attributes:
        metadata: what the vectors are.
        count: elements.
        begin: where the elements begin, bytes.
        element: bytes of an element.
        links: at most, of an element at the bottom.
        links_above: the same on each level above.
        vector: where in an element its vector begins.
        label: where in an element its label begins, 8 bytes.
        entry: the element at which a search begins.
        top: the highest level, which it must have.
    """

    metadata: Metadata
    count: int
    begin: int
    element: int
    links: int
    links_above: int
    vector: int
    label: int
    entry: int
    top: int

    @property
    def width(self) -> int:
        """Bytes of a vector's `dim` numbers."""
        return self.metadata.dim * self.metadata.storage.width

    @property
    def upper(self) -> int:
        """Where the links above begin, bytes."""
        return self.begin + self.count * self.element


HEADER_BYTES = _VERSION.size + _METADATA.size + _GRAPH.size


def read_layout(head: bytes, size: int, headerless: Metadata | None = None) -> Layout:
    """Read the first `HEADER_BYTES` of a file.

    Args:
        head: those bytes, or the whole of a shorter file.
        size: bytes of the file.
        headerless: of a file that has no header.

    Raises:
        LayoutWrong: it is no index, or a damaged one.
        LayoutUnknown: it is an index that cannot be read here.
    """
    metadata, longer, begin = _metadata(head, headerless)
    if len(head) < begin + _GRAPH.size:
        raise LayoutWrong(f"it ends after {size} bytes, in its header")
    first, room, count, element, label, vector, top, entry, above, bottom, m, _, _ = _GRAPH.unpack_from(head, begin)
    begin += _GRAPH.size
    kept = (metadata.dim + (1 if longer else 0)) * metadata.storage.width
    if not 0 < bottom <= _MOST_LINKS or not 0 < above <= _MOST_LINKS or m > _MOST_LINKS:
        raise LayoutWrong(f"its elements have room for {bottom} and {above} links")
    if first != 0 or vector != 4 + 4 * bottom or label != vector + kept or element != label + _LABEL_BYTES:
        raise LayoutWrong(f"an element of it has {element} bytes, which does not fit {metadata.dim} numbers")
    # Four bytes behind the elements say of each how many links above it has.
    if count > room or count > (size - begin) // (element + 4):
        raise LayoutWrong(f"its {count} elements do not fit into its {size} bytes")
    if (entry >= count and not (count == 0 and entry == _NOBODY)) or not -1 <= top < 64:
        raise LayoutWrong(f"its search begins at element {entry} of {count} on level {top}")
    return Layout(metadata, count, begin, element, bottom, above, vector, label, entry, top)


def _metadata(head: bytes, headerless: Metadata | None) -> tuple[Metadata, bool, int]:
    """Return what the vectors are, whether they are one number longer than their dimension, and where that ends."""
    if head[:4] != _BEGIN:
        if headerless is None:
            raise LayoutWrong("it does not begin as a Voyager index does")
        return headerless, False, 0
    if len(head) < _VERSION.size + _METADATA.size:
        raise LayoutWrong("it ends in its header")
    _, version = _VERSION.unpack_from(head)
    if version != _KNOWN_VERSION:
        raise LayoutUnknown(f"it has version {version} of the format instead of {_KNOWN_VERSION}")
    if head[_VERSION.size + _METADATA.size - 1] > 1:
        raise LayoutWrong("its header has a value that is neither yes nor no")
    dim, space, storage, _, longer = _METADATA.unpack_from(head, _VERSION.size)
    if not 0 < dim <= _MOST_DIMENSIONS:
        raise LayoutWrong(f"its vectors have {dim} numbers")
    try:
        metadata = Metadata(dim, Space(space), Storage(storage))
    except ValueError as error:
        raise LayoutWrong(f"its space is {space} and its kind of numbers {storage}") from error
    if longer and metadata.space is not Space.INNER_PRODUCT:
        raise LayoutWrong("its vectors have one number too many for their space")
    return metadata, longer, _VERSION.size + _METADATA.size
