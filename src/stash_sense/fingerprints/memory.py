"""Fingerprints and faces in memory: for tests, and for what need not outlive its process."""

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from stash_sense.fingerprints.fingerprint import Fingerprint, Item, Outcome, require_number
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.fingerprints.store import Counts, Mark


class MemoryFingerprints:
    """`FingerprintStore` over dictionaries and a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fingerprints: dict[Item, Fingerprint] = {}
        self._faces: dict[Item, KeptFaces] = {}

    def marks(self, kind: str, ids: Collection[str]) -> dict[str, Mark]:
        """See `FingerprintStore.marks`."""
        return {
            id_: Mark(one.content, one.pack, one.database, one.outcome, one.conditions, one.code)
            for id_, one in self.several(kind, ids).items()
        }

    def keep(self, fingerprint: Fingerprint, faces: KeptFaces | None) -> None:
        """See `FingerprintStore.keep`."""
        require_number(fingerprint.item)
        with self._lock:
            self._fingerprints[fingerprint.item] = fingerprint
            if faces is None:
                self._faces.pop(fingerprint.item, None)
            else:
                self._faces[fingerprint.item] = replace(faces, shown=frozenset(faces.crops))

    def rematched(self, fingerprints: Sequence[Fingerprint]) -> None:
        """See `FingerprintStore.rematched`."""
        with self._lock:
            for one in fingerprints:
                there = self._fingerprints.get(one.item)
                if there is not None and there.looked_at == one.looked_at:
                    self._fingerprints[one.item] = one

    def get(self, item: Item) -> Fingerprint | None:
        """See `FingerprintStore.get`."""
        with self._lock:
            return self._fingerprints.get(item)

    def several(self, kind: str, ids: Collection[str]) -> dict[str, Fingerprint]:
        """See `FingerprintStore.several`."""
        with self._lock:
            items = (Item(kind, id_) for id_ in ids)
            return {item.id: self._fingerprints[item] for item in items if item in self._fingerprints}

    def of_gallery(self, gallery_id: str) -> list[Fingerprint]:
        """See `FingerprintStore.of_gallery`."""
        return [one for one in self._ordered("image") if gallery_id in one.galleries]

    def faces(self, kind: str, ids: Collection[str]) -> dict[str, KeptFaces]:
        """See `FingerprintStore.faces`."""
        with self._lock:
            items = (Item(kind, id_) for id_ in ids)
            return {item.id: replace(self._faces[item], crops={}) for item in items if item in self._faces}

    def crop(self, item: Item, face: int) -> bytes | None:
        """See `FingerprintStore.crop`."""
        with self._lock:
            kept = self._faces.get(item)
            return None if kept is None else kept.crops.get(face)

    def pages(
        self,
        kind: str,
        *,
        behind: str | None = None,
        failed: bool = False,
        after: int = 0,
        size: int = 500,
    ) -> Iterator[list[Fingerprint]]:
        """See `FingerprintStore.pages`."""
        while True:
            wanted = [
                one
                for one in self._ordered(kind)
                if require_number(one.item) > after
                if behind is None or (one.outcome is Outcome.FACES and one.database != behind)
                if not failed or _has_failed(one)
            ][:size]
            if not wanted:
                return
            yield wanted
            after = require_number(wanted[-1].item)

    def forget(self, kind: str, *, after: int, upto: int | None, there: Collection[str]) -> list[str]:
        """See `FingerprintStore.forget`."""
        gone = [
            one.item
            for one in self._ordered(kind)
            if require_number(one.item) > after
            if upto is None or require_number(one.item) <= upto
            if one.item.id not in there
        ]
        with self._lock:
            for item in gone:
                self._fingerprints.pop(item, None)
                self._faces.pop(item, None)
        return [item.id for item in gone]

    def counts(self, kind: str, database: str) -> Counts:
        """See `FingerprintStore.counts`."""
        ones = self._ordered(kind)
        counted = Counter(one.outcome for one in ones)
        behind = sum(one.outcome is Outcome.FACES and one.database != database for one in ones)
        return Counts(kind, {outcome.value: counted[outcome] for outcome in Outcome}, behind)

    def _ordered(self, kind: str) -> list[Fingerprint]:
        with self._lock:
            ones = [one for item, one in self._fingerprints.items() if item.kind == kind]
        return sorted(ones, key=lambda one: require_number(one.item))


def _has_failed(one: Fingerprint) -> bool:
    return one.outcome is Outcome.FAILED or bool(one.code)
