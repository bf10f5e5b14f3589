"""Checks what a community database is filled from, so that whoever wrote it reads what is wrong in a sentence."""

from collections.abc import Iterator, Mapping
from typing import Any

KINDS = ("performers", "scenes", "studios", "tags", "edits")
_NEEDED: Mapping[str, tuple[str, type]] = {
    "performers": ("name", str),
    "studios": ("name", str),
    "tags": ("name", str),
    "edits": ("target", Mapping),
}
_TEXTS = ("id", "created", "updated", "closed", "title", "birth_date", "release_date")
_LISTS: Mapping[str, tuple[str, ...]] = {
    "aliases": (),
    "urls": ("url",),
    "images": ("id", "width", "height"),
    "tags": ("id",),
    "merge_sources": ("id",),
    "performers": ("performer",),
    "fingerprints": ("hash", "algorithm"),
}
"""Columns that are lists, and what each of their objects has at least; texts where that is nothing."""


def check(document: object) -> None:
    """Check a document.

    Raises:
        ValueError: it does not hold lists of rows, or a row has what cannot be answered from.
    """
    if not isinstance(document, Mapping) or not set(document) <= set(KINDS):
        raise ValueError(f"expected lists of {', '.join(KINDS)}")
    for kind, rows in document.items():
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise ValueError(f"{kind} is no list of objects")
        for row in rows:
            for reason in _faults_of(kind, row):
                raise ValueError(reason)


def _faults_of(kind: str, row: Mapping[str, Any]) -> Iterator[str]:
    name, expected = _NEEDED.get(kind, ("", object))
    if name and not isinstance(row.get(name), expected):
        yield f"one of {kind} has no {name}"
    for text in _TEXTS:
        if not isinstance(row.get(text) or "", str):
            yield f"{text} of {kind} cannot be {row[text]!r}"
    for one in ("studio", "parent"):
        if row.get(one) is not None and not _has(row[one], ("id",)):
            yield f"{one} of {kind} is an object with id, not {row[one]!r}"
    for column in _LISTS.keys() & row.keys():
        parts = row[column]
        if not isinstance(parts, list):
            yield f"{column} of {kind} is a list, not {parts!r}"
            return
        for part in parts:
            if not (_has(part, _LISTS[column]) if _LISTS[column] else isinstance(part, str)):
                wanted = f"objects with {', '.join(_LISTS[column])}" if _LISTS[column] else "texts"
                yield f"{column} of {kind} are {wanted}, not {part!r}"


def _has(part: object, names: tuple[str, ...]) -> bool:
    return isinstance(part, Mapping) and all(name in part for name in names)
