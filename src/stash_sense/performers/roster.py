"""Names of the people who can be found, by the row numbers that a search answers with."""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from stash_sense.kernel.arrays import Ints
from stash_sense.performers import schema
from stash_sense.performers.ids import domain_of, universal_id
from stash_sense.performers.lookup import FOLDED, folded, teach_folding
from stash_sense.performers.records import ReferencePicture


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who can be found: the id is unique among them, the name is shown unchanged."""

    id: str
    name: str


class Roster(Protocol):
    """Who is behind each row number."""

    def __len__(self) -> int:
        """How many people there are."""

    def __getitem__(self, row: int) -> KnownPerson:
        """Say who somebody is."""

    def __iter__(self) -> Iterator[KnownPerson]:
        """Go through everybody, in the order of the rows."""

    def named(self, names: Collection[str]) -> frozenset[int]:
        """Return the rows of all people with one of these names, in any case, or one of these as their id."""

    def with_ids(self, ids: Collection[str]) -> frozenset[int]:
        """Return the rows of all people who are known by one of these universal ids, be it their main one or not."""


class ListedRoster:
    """`Roster` of people in memory."""

    def __init__(self, persons: Sequence[KnownPerson]) -> None:
        self._persons = persons

    def __len__(self) -> int:
        return len(self._persons)

    def __getitem__(self, row: int) -> KnownPerson:
        return self._persons[row]

    def __iter__(self) -> Iterator[KnownPerson]:
        return iter(self._persons)

    def named(self, names: Collection[str]) -> frozenset[int]:
        """Return the rows of people with these names or ids."""
        wanted = set(map(folded, names))
        return frozenset(
            row for row, person in enumerate(self._persons) if person.id in names or folded(person.name) in wanted
        )

    def with_ids(self, ids: Collection[str]) -> frozenset[int]:
        """Return the rows of people with these ids; they have no others."""
        return frozenset(row for row, person in enumerate(self._persons) if person.id in ids)


class StoredRoster:
    """`Roster` of the performers with faces in a database, read when asked: names of 100,000 people take 20 MB."""

    def __init__(self, path: Path, connection: sqlite3.Connection, numbers: Ints) -> None:
        """Take a connection over.

        Args:
            path: of the database; where it cannot be read, every question raises DatabaseDamaged.
            connection: to a finished database; closed by `close`.
            numbers: (people,) ascending, the performer's number in the database of each row.
        """
        teach_folding(connection)
        self._path = path
        self._connection = connection
        self._numbers = numbers
        self._alone = threading.Lock()

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, row: int) -> KnownPerson:
        query = "SELECT universal_id, canonical_name FROM performers WHERE id = ?"
        with self._alone, schema.reading(self._path):
            universal_id, name = self._connection.execute(query, (int(self._numbers[row]),)).fetchone()
            if not isinstance(universal_id, str) or not isinstance(name, str):
                raise TypeError("somebody's name is no text")
        return KnownPerson(universal_id, name)

    def __iter__(self) -> Iterator[KnownPerson]:
        return (self[row] for row in range(len(self)))

    def named(self, names: Collection[str]) -> frozenset[int]:
        """Return the rows of people with these names or ids."""
        if not names:
            return frozenset()
        ids, wanted = sorted(names), sorted(set(map(folded, names)))
        query = (
            f"SELECT id FROM performers WHERE universal_id IN ({_marks(ids)})"  # noqa: S608
            f" OR {FOLDED}(canonical_name) IN ({_marks(wanted)})"
        )
        with self._alone, schema.reading(self._path):
            numbers = [number for (number,) in self._connection.execute(query, (*ids, *wanted)).fetchall()]
        return self._rows_of(numbers)

    def with_ids(self, ids: Collection[str]) -> frozenset[int]:
        """Return the rows of people known by these ids."""
        if not ids:
            return frozenset()
        main, there = sorted(ids), sorted({one.rpartition(":")[2] for one in ids})
        whole = f"SELECT id FROM performers WHERE universal_id IN ({_marks(main)})"  # noqa: S608
        others = (
            "SELECT performer_id, endpoint, stashbox_performer_id FROM stashbox_ids"  # noqa: S608
            f" WHERE stashbox_performer_id IN ({_marks(there)})"
        )
        with self._alone, schema.reading(self._path):
            numbers = {number for (number,) in self._connection.execute(whole, main)}
            numbers |= {
                number
                for number, endpoint, id_there in self._connection.execute(others, there)
                if universal_id(domain_of(str(endpoint)), str(id_there)) in ids
            }
        return self._rows_of(sorted(numbers))

    def pictures(self, faces: Sequence[int]) -> tuple[ReferencePicture, ...]:
        """Return the picture of each of some reference faces, by the rows of their vectors."""
        wanted = sorted(set(faces))
        query = (
            "SELECT row, source_endpoint, image_url, image_hash FROM faces"  # noqa: S608
            f" WHERE row IN ({_marks(wanted)})"
        )
        with self._alone, schema.reading(self._path):
            found = {
                row: ReferencePicture(domain_of(_text(source) or ""), _address(_text(url)), sha256=_text(sha256))
                for row, source, url, sha256 in self._connection.execute(query, wanted)
            }
        return tuple(found.get(face, ReferencePicture()) for face in faces)

    def _rows_of(self, numbers: Sequence[int]) -> frozenset[int]:
        places = np.searchsorted(self._numbers, numbers)
        return frozenset(
            int(place)
            for place, number in zip(places, numbers, strict=True)
            if place < len(self._numbers) and self._numbers[place] == number
        )

    def close(self) -> None:
        """Close the connection."""
        with self._alone:
            self._connection.close()


def _address(text: str | None) -> str | None:
    # A page makes a link of it: nothing but what leads to a server.
    return text if text and text.lower().startswith(("http://", "https://")) else None


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("what is said of a picture is no text")
    return value or None


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
