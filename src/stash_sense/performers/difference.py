"""Two versions of the performers database -> who was added, removed or changed from one to the other.

Somebody has changed when the pictures that their faces are of are other ones. Both versions are read side by side in
the order of the universal ids: of 100,000 people only those who differ are held in memory.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from stash_sense.errors import PackDiffers
from stash_sense.kernel.arrays import Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers import schema
from stash_sense.performers.manifest import DATABASE_NAME
from stash_sense.performers.versions.installed import InstalledVersion

_FACES = """
    SELECT performers.universal_id, performers.canonical_name, performers.id,
        COALESCE(faces.image_hash, faces.image_url, '')
    FROM performers JOIN faces ON faces.performer_id = performers.id
    WHERE performers.face_count > 0
    ORDER BY performers.universal_id
"""
_NUMBERS = "SELECT id FROM performers WHERE face_count > 0 ORDER BY id"
_LOOK_EVERY = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """What became of the people who can be found, from an older version to a newer one.

    Attributes:
        added, removed, changed: their universal ids.
        renamed: new names by universal id; whoever has only another name is not among the changed ones.
        old_rows: (k,) ascending, rows in the older version of those who were removed or changed.
        new_rows: (k,) ascending, rows in the newer one of those who were added or changed.
    """

    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]
    renamed: Mapping[str, str]
    old_rows: Ints
    new_rows: Ints

    @property
    def gone(self) -> frozenset[str]:
        """Those of the older version who cannot be taken for the same any more."""
        return self.removed | self.changed

    @property
    def people(self) -> int:
        """How many people differ."""
        return len(self.added) + len(self.removed) + len(self.changed)


@dataclass(frozen=True, slots=True)
class _Person:
    id: str
    name: str
    number: int
    pictures: tuple[str, ...]

    def looks_like(self, other: "_Person") -> bool:
        """Whether the pictures are the same; of a picture that nobody can name nobody can say so."""
        return self.pictures == other.pictures and "" not in self.pictures


def difference(old: InstalledVersion, new: InstalledVersion, cancel: CancelToken | None = None) -> Difference:
    """Compare two versions that were made with one pack.

    Raises:
        PackDiffers: they were not.
        DatabaseDamaged: one of them cannot be read.
        DatabaseUnreadable: one of them may not be read.
        Cancelled: the token was set.
    """
    if (old.manifest.pack, old.manifest.embedders) != (new.manifest.pack, new.manifest.embedders):
        raise PackDiffers(made_with=old.manifest.pack, pack=new.manifest.pack)
    cancel = cancel or CancelToken()
    with closing(_opened(old.folder)) as before, closing(_opened(new.folder)) as after:
        gone: list[_Person] = []
        come: list[_Person] = []
        changed: list[tuple[_Person, _Person]] = []
        renamed: dict[str, str] = {}
        for count, (earlier, later) in enumerate(_side_by_side(_people(before, old), _people(after, new))):
            if count % _LOOK_EVERY == 0:
                cancel.raise_if_cancelled()
            if earlier is None and later is not None:
                come.append(later)
            elif later is None and earlier is not None:
                gone.append(earlier)
            elif earlier is not None and later is not None:
                if earlier.name != later.name:
                    renamed[later.id] = later.name
                if not earlier.looks_like(later):
                    changed.append((earlier, later))
        return Difference(
            added=frozenset(person.id for person in come),
            removed=frozenset(person.id for person in gone),
            changed=frozenset(person.id for person, _ in changed),
            renamed=renamed,
            old_rows=_rows(before, old, [*gone, *(earlier for earlier, _ in changed)]),
            new_rows=_rows(after, new, [*come, *(later for _, later in changed)]),
        )


def _opened(folder: Path) -> sqlite3.Connection:
    return schema.open_finished(folder / DATABASE_NAME)


def _people(database: sqlite3.Connection, version: InstalledVersion) -> Iterator[_Person]:
    """Give everybody with faces, by universal id."""
    with schema.reading(version.folder / DATABASE_NAME):
        for key, faces in groupby(database.execute(_FACES), itemgetter(0, 1, 2)):
            universal_id, name, number = key
            if not isinstance(universal_id, str) or not isinstance(name, str):
                raise TypeError("somebody's name is no text")
            yield _Person(universal_id, name, int(number), tuple(sorted(str(face[3]) for face in faces)))


def _side_by_side(old: Iterator[_Person], new: Iterator[_Person]) -> Iterator[tuple[_Person | None, _Person | None]]:
    """Give people of the same id together, and those who are in one of the two alone."""
    earlier, later = next(old, None), next(new, None)
    while earlier is not None or later is not None:
        if later is None or (earlier is not None and earlier.id < later.id):
            yield earlier, None
            earlier = next(old, None)
        elif earlier is None or later.id < earlier.id:
            yield None, later
            later = next(new, None)
        else:
            yield earlier, later
            earlier, later = next(old, None), next(new, None)


def _rows(database: sqlite3.Connection, version: InstalledVersion, people: list[_Person]) -> Ints:
    """Find the rows by which people are found."""
    with schema.reading(version.folder / DATABASE_NAME):
        numbers = np.fromiter((number for (number,) in database.execute(_NUMBERS)), np.int64)
    wanted = np.array(sorted(person.number for person in people), np.int64)
    return np.searchsorted(numbers, wanted).astype(np.int64)
