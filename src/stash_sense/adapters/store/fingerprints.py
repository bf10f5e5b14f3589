"""Fingerprints in stash_sense.db, and their faces in a file beside it.

The two files change one after the other, so that a process may end at any moment. Faces are put in under a new key
before the fingerprint that has the key, and the faces of the fingerprint before go last. Where a fingerprint's faces
are not there, because a power cut or another file took them, it has no mark and is looked at again.

Of 10,000 scenes with two people of twelve faces each: 1.7 kB a scene here and 37 kB there, pictures and all, so a
million faces take 1.5 GB. Keeping one takes 2 ms of computing, the marks of 500 take 7 ms, matching 500 anew 200 ms
besides the matching.
"""

import secrets
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, delete, func, or_, select

from stash_sense.adapters.store.engine import Durability, make_engine, reading
from stash_sense.adapters.store.faces_file import AT_ONCE, FacesFile, batches
from stash_sense.adapters.store.fingerprint_rows import TABLES, fingerprints_of, insert_all, moment
from stash_sense.adapters.store.store import Store
from stash_sense.adapters.store.tables import IMAGE_FINGERPRINT_GALLERIES
from stash_sense.errors import KeptFacesDamaged
from stash_sense.fingerprints.fingerprint import Fingerprint, Item, Outcome, number_of, require_number
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.fingerprints.packing import crop_in, pack, pack_crops, unpack
from stash_sense.fingerprints.store import Counts, Mark

_KEY_BITS = 62


class SqlFingerprints:
    """`FingerprintStore` in a database and a file; its errors are those of the engine and of `FacesFile`.

    Args:
        store: the open state.
        faces: the file of faces, which is made when it is first used.
    """

    def __init__(self, store: Store, faces: Path) -> None:
        # What a power cut takes is looked at again; and who is told of it by a recommendation, is told once.
        self._engine = make_engine(store.path, Durability.NORMAL)
        self._faces = FacesFile(faces)
        self._writing = threading.Lock()

    def marks(self, kind: str, ids: Collection[str]) -> dict[str, Mark]:
        """See `FingerprintStore.marks`."""
        table = TABLES[kind].items.c
        found: dict[str, Mark] = {}
        keys: dict[int, int] = {}
        with self._read() as connection:
            for some in batches(_numbers(ids)):
                wanted = select(
                    table.number,
                    table.faces_key,
                    table.content,
                    table.pack,
                    table.database,
                    table.outcome,
                    table.conditions,
                    table.code,
                ).where(table.number.in_(some))
                for number, key, content, pack_id, database, outcome, *more in connection.execute(wanted):
                    found[str(number)] = Mark(content, pack_id, database, Outcome(outcome), *more)
                    if key is not None:
                        keys[number] = key
        there = self._faces.keys(kind, keys)
        for number, key in keys.items():
            if key not in there.get(number, ()):
                del found[str(number)]
        return found

    def keep(self, fingerprint: Fingerprint, faces: KeptFaces | None) -> None:
        """See `FingerprintStore.keep`."""
        kind, number = fingerprint.item.kind, require_number(fingerprint.item)
        key = None
        if faces is not None:
            key = secrets.randbits(_KEY_BITS)
            packed = pack(replace(faces, shown=frozenset(faces.crops)))
            self._faces.put(kind, number, key, packed, pack_crops(faces.crops))
        tables = TABLES[kind]
        with self._write() as connection:
            connection.execute(delete(tables.items).where(tables.items.c.number == number))
            insert_all(connection, tables, {number: (fingerprint, key)})
        self._faces.keep_only(kind, {number: key})

    def rematched(self, fingerprints: Sequence[Fingerprint]) -> None:
        """See `FingerprintStore.rematched`."""
        by_kind: dict[str, dict[int, Fingerprint]] = {}
        for one in fingerprints:
            by_kind.setdefault(one.item.kind, {})[require_number(one.item)] = one
        with self._write() as connection:
            for kind, ones in by_kind.items():
                tables = TABLES[kind]
                table = tables.items.c
                for some in batches(ones):
                    there = select(table.number, table.looked_at, table.faces_key).where(table.number.in_(some))
                    new = {
                        number: (ones[number], key)
                        for number, looked_at, key in connection.execute(there)
                        if moment(looked_at) == ones[number].looked_at
                    }
                    connection.execute(delete(tables.items).where(table.number.in_(sorted(new))))
                    insert_all(connection, tables, new)

    def get(self, item: Item) -> Fingerprint | None:
        """See `FingerprintStore.get`."""
        return self.several(item.kind, [item.id]).get(item.id)

    def several(self, kind: str, ids: Collection[str]) -> dict[str, Fingerprint]:
        """See `FingerprintStore.several`."""
        table = TABLES[kind].items.c
        found: list[Fingerprint] = []
        with self._read() as connection:
            for some in batches(_numbers(ids)):
                found += fingerprints_of(connection, kind, table.number.in_(some))
        return {one.item.id: one for one in found}

    def of_gallery(self, gallery_id: str) -> list[Fingerprint]:
        """See `FingerprintStore.of_gallery`."""
        gallery, image = IMAGE_FINGERPRINT_GALLERIES.c, TABLES["image"].items.c
        own = select(gallery.number).where(gallery.gallery_id == gallery_id)
        with self._read() as connection:
            return fingerprints_of(connection, "image", image.number.in_(own))

    def faces(self, kind: str, ids: Collection[str]) -> dict[str, KeptFaces]:
        """See `FingerprintStore.faces`. Damaged ones are not there, and removed: their item is looked at again."""
        with self._read() as connection:
            keys = _keys(connection, kind, ids)
        found: dict[str, KeptFaces] = {}
        damaged: dict[int, int | None] = {}
        for number, packed in self._faces.packed(kind, keys).items():
            try:
                found[str(number)] = unpack(packed)
            except KeptFacesDamaged:
                damaged[number] = None
        self._faces.keep_only(kind, damaged)
        return found

    def crop(self, item: Item, face: int) -> bytes | None:
        """See `FingerprintStore.crop`."""
        with self._read() as connection:
            keys = _keys(connection, item.kind, [item.id])
        for number, key in keys.items():
            crops = self._faces.crops(item.kind, number, key)
            return None if crops is None else crop_in(crops, face)
        return None

    def pages(
        self,
        kind: str,
        *,
        behind: str | None = None,
        failed: bool = False,
        after: int = 0,
        size: int = AT_ONCE,
    ) -> Iterator[list[Fingerprint]]:
        """See `FingerprintStore.pages`."""
        table = TABLES[kind].items.c
        wanted = select(table.number).order_by(table.number).limit(size)
        if behind is not None:
            wanted = wanted.where(table.outcome == Outcome.FACES.value, table.database != behind)
        if failed:
            wanted = wanted.where(or_(table.outcome == Outcome.FAILED.value, table.code != ""))
        while True:
            with self._read() as connection:
                numbers = connection.scalars(wanted.where(table.number > after)).all()
                found = [
                    one
                    for some in batches(numbers)
                    for one in fingerprints_of(connection, kind, table.number.in_(some))
                ]
            if not found:
                return
            yield found
            after = numbers[-1]

    def forget(self, kind: str, *, after: int, upto: int | None, there: Collection[str]) -> list[str]:
        """See `FingerprintStore.forget`."""
        table = TABLES[kind].items.c
        still = _numbers(there)
        wanted = select(table.number).where(table.number > after)
        with self._write() as connection:
            known = connection.scalars(wanted if upto is None else wanted.where(table.number <= upto))
            gone = sorted(set(known) - still)
            for some in batches(gone):
                connection.execute(delete(TABLES[kind].items).where(table.number.in_(some)))
        # Also the faces that a process left which ended before their fingerprint was written.
        self._faces.keep_only(kind, dict.fromkeys(self._faces.between(kind, after, upto) - still))
        return [str(number) for number in gone]

    def counts(self, kind: str, database: str) -> Counts:
        """See `FingerprintStore.counts`."""
        table = TABLES[kind].items.c
        counted = select(table.outcome, table.database, func.count()).group_by(table.outcome, table.database)
        outcomes = {outcome.value: 0 for outcome in Outcome}
        behind = 0
        with self._read() as connection:
            for outcome, version, number in connection.execute(counted):
                outcomes[outcome] += number
                behind += number if outcome == Outcome.FACES.value and version != database else 0
        return Counts(kind, outcomes, behind)

    def close(self) -> None:
        """Close all connections; what is used later opens new ones."""
        self._engine.dispose()
        self._faces.close()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._writing, self._engine.begin() as connection:
            yield connection

    def _read(self) -> AbstractContextManager[Connection]:
        return reading(self._engine)


def _numbers(ids: Collection[str]) -> set[int]:
    """Numbers of ids; of others than Stash's nothing is kept."""
    return {number for id_ in ids if (number := number_of(id_)) is not None}


def _keys(connection: Connection, kind: str, ids: Collection[str]) -> dict[int, int]:
    """Keys of the faces of those that have some."""
    table = TABLES[kind].items.c
    keys: dict[int, int] = {}
    for some in batches(_numbers(ids)):
        wanted = select(table.number, table.faces_key).where(table.number.in_(some), table.faces_key.is_not(None))
        keys |= {number: key for number, key in connection.execute(wanted)}  # noqa: C416  rows are no pairs
    return keys
