"""The report "does it work on my library?": what would have been said of scenes and images that are tagged already.

The kept faces are compared with the database as if nobody were tagged, for who is tagged is expected elsewhere. Page
by page; only counts are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from stash_sense.fingerprints.fingerprint import Fingerprint, FingerprintPerson, Outcome
from stash_sense.fingerprints.store import FingerprintStore
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.library.media import Image, Scene
from stash_sense.library.ports import Library
from stash_sense.library.reading import BEGINNING, Cursor, Scope
from stash_sense.performers.database import PerformersDatabase
from stash_sense.scanning.content import content_of
from stash_sense.scanning.ports import Loop, Rematcher, ToRematch
from stash_sense.scanning.reading import Reading
from stash_sense.scanning.report_counting import Counting, TaggedHere
from stash_sense.scanning.report_document import LibraryReportDocument
from stash_sense.scanning.scope import KINDS
from stash_sense.scanning.tagged_performers import TaggedPerformers

TAGGED = Scope({"performer_count": {"value": 0, "modifier": "GREATER_THAN"}})
"""Scenes and images with performers."""
_AT_ONCE = 100
"""Items whose faces are in memory."""
_NOBODY = frozenset[int]()


@dataclass(frozen=True, slots=True, eq=False)
class LibraryReport:
    """Makes the report.

    Attributes:
        library: asked for what is tagged.
        loop: where it is asked.
        store: of what was scanned.
        rematcher: compares kept faces with the database.
        database: the same one.
        mode, strict: how names are decided.
        clock: what time it is.
    """

    library: Library
    loop: Loop
    store: FingerprintStore
    rematcher: Rematcher
    database: PerformersDatabase
    mode: str
    strict: bool
    clock: Callable[[], datetime]
    _references: dict[str, int] = field(default_factory=dict)

    def make(self, kinds: Sequence[str], cancel: CancelToken, progress: ProgressListener) -> LibraryReportDocument:
        """Make it.

        Args:
            kinds: names of kinds.
            cancel: stops the work.
            progress: told the scenes and images done.

        Raises:
            StashError: Stash cannot be asked.
            StorageError, StateError: what was scanned cannot be read.
            DatabaseError: the database cannot be read.
            Cancelled: the token was set.
        """
        counted = [self._count(kind, cancel, progress) for kind in kinds]
        return LibraryReportDocument(
            made_at=self.clock(),
            database=self.database.manifest.version,
            pack=self.database.pack,
            mode=self.mode,
            strict=self.strict,
            kinds=[one.report() for one in counted],
        )

    def _count(self, name: str, cancel: CancelToken, progress: ProgressListener) -> Counting:
        counting = Counting(name)
        reading = Reading(self.library, KINDS[name], TAGGED)
        tagged = TaggedPerformers(self.library.reader, self.loop, self.database.roster)
        cursor: Cursor | None = BEGINNING
        done = 0
        while cursor is not None:
            place = cursor
            part = self.loop.call(lambda: reading.part(place), cancel)  # noqa: B023  called before it changes
            counting.items.tagged += len(part.ids)
            counting.items.failed += len(part.lost)
            for start in range(0, len(part.items), _AT_ONCE):
                cancel.raise_if_cancelled()
                self._count_some(counting, part.items[start : start + _AT_ONCE], tagged, cancel)
            done += len(part.ids)
            progress(Progress(f"comparing {KINDS[name].plural}", done, part.total))
            cursor = part.next
        return counting

    def _count_some(
        self, counting: Counting, items: Sequence[Scene | Image], tagged: TaggedPerformers, cancel: CancelToken
    ) -> None:
        ids = [item.id for item in items]
        kept = self.store.several(counting.kind, ids)
        current = [item for item in items if self._is_current(item, kept.get(item.id))]
        failed = [item for item in current if kept[item.id].outcome is Outcome.FAILED]
        with_faces = [item for item in current if kept[item.id].outcome is Outcome.FACES]
        faces = self.store.faces(counting.kind, [item.id for item in with_faces])
        with_faces = [item for item in with_faces if item.id in faces]
        without = [item for item in current if kept[item.id].outcome is Outcome.NO_FACE]
        counting.items.failed += len(failed)
        counting.items.not_scanned += len(items) - len(failed) - len(with_faces) - len(without)
        tagged.read((performer for item in items for performer in item.performer_ids), cancel)
        asked = [ToRematch(kept[item.id], faces[item.id], _NOBODY) for item in with_faces]
        for item, found in zip(with_faces, self.rematcher.rematch(asked, cancel), strict=True):
            self._add(counting, item, found.persons, tagged, has_faces=True)
        for item in without:
            self._add(counting, item, (), tagged, has_faces=False)

    def _add(
        self,
        counting: Counting,
        item: Scene | Image,
        named: Sequence[FingerprintPerson],
        tagged: TaggedPerformers,
        *,
        has_faces: bool,
    ) -> None:
        here = []
        for performer in tagged.performers(item.performer_ids):
            person_ids = tagged.person_ids([performer.id])
            count = sum(map(self._references_of, sorted(person_ids)))
            here.append(TaggedHere(performer.id, performer.name, person_ids, count))
        references = {person.person_id: self._references_of(person.person_id) for person in named}
        counting.add(item.id, here, named, references, has_faces=has_faces)

    def _is_current(self, item: Scene | Image, kept: Fingerprint | None) -> bool:
        return kept is not None and kept.content == content_of(item) and kept.pack == self.database.pack

    def _references_of(self, person_id: str) -> int:
        if person_id not in self._references:
            rows = self.database.roster.with_ids({person_id})
            self._references[person_id] = sum(map(self.database.reference_count, rows))
        return self._references[person_id]
