"""Names as people type them -> people of a version: in any case, and however their letters are put together."""

import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import PerformerAmbiguous, PerformerUnknown
from stash_sense.performers import schema
from stash_sense.performers.manifest import DATABASE_NAME

FOLDED = "stash_sense_folded"
"""The function of `folded` in SQL."""
_NAMED = f"""
    FROM performers
    WHERE universal_id > :after AND (
        :part = ''
        OR instr({FOLDED}(canonical_name), :part)
        OR id IN (SELECT performer_id FROM aliases WHERE instr({FOLDED}(alias), :part))
    )
"""  # noqa: S608  our own names
_FIND = f"SELECT universal_id, canonical_name, disambiguation, face_count {_NAMED} ORDER BY universal_id LIMIT :most"
_COUNT = f"SELECT count(*) {_NAMED}"
_FIND_ONE = f"""
    SELECT universal_id, canonical_name, disambiguation, face_count FROM performers
    WHERE universal_id = :who OR {FOLDED}(canonical_name) = :name
    OR id IN (SELECT performer_id FROM aliases WHERE {FOLDED}(alias) = :name)
    ORDER BY universal_id
"""  # noqa: S608

_SIMILAR = 3
"""People who are named to somebody who meant another one."""


@dataclass(frozen=True, slots=True)
class FoundPerformer:
    """Somebody in a version: universal id, name, what tells them from others of that name, and number of faces."""

    id: str
    name: str
    disambiguation: str | None
    face_count: int


def folded(text: str) -> str:
    """Return what is equal for all spellings of a name that differ in case or composition only."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def find(folder: Path, part: str = "", after: str = "", most: int = 50) -> list[FoundPerformer]:
    """Look performers up, in the order of their universal ids.

    Args:
        folder: of the version.
        part: of a name or an alias; empty for everybody.
        after: universal id after which to go on.
        most: how many.

    Raises:
        DatabaseDamaged: it cannot be read.
    """
    values = {"part": folded(part), "after": after, "most": most}
    with _opened(folder) as database:
        return [FoundPerformer(*row) for row in database.execute(_FIND, values)]


def count(folder: Path, part: str = "") -> int:
    """Count those whom `find` would find; raises as that does."""
    with _opened(folder) as database:
        (found,) = database.execute(_COUNT, {"part": folded(part), "after": ""}).fetchone()
    return int(found)


def find_one(folder: Path, who: str) -> FoundPerformer:
    """Find somebody by universal id, name or alias.

    Raises:
        PerformerUnknown: nobody is called so.
        PerformerAmbiguous: several people are.
        DatabaseDamaged: it cannot be read.
    """
    with _opened(folder) as database:
        found = database.execute(_FIND_ONE, {"who": who, "name": folded(who)}).fetchall()
    people = [FoundPerformer(*row) for row in found]
    people = [person for person in people if person.id == who] or people
    if not people:
        similar = ", ".join(one.name for one in find(folder, who, most=_SIMILAR))
        raise PerformerUnknown(name=who, similar=f" ({similar} comes near)" if similar else "")
    if len(people) > 1:
        raise PerformerAmbiguous(name=who, ids=", ".join(person.id for person in people))
    return people[0]


def teach_folding(database: sqlite3.Connection) -> None:
    """Make `FOLDED` known to a connection."""
    database.create_function(FOLDED, 1, folded, deterministic=True)


@contextmanager
def _opened(folder: Path) -> Iterator[sqlite3.Connection]:
    path = folder / DATABASE_NAME
    with schema.reading(path), closing(schema.open_finished(path)) as database:
        teach_folding(database)
        yield database
