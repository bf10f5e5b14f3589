"""The scenes or images of a part of a library: what need not be looked at again first, then one after the other.

A process may be killed between what it keeps and what it recommends. So what was found is kept first and then
recommended, for who comes next recommends it again; and what is recommended no more is taken back first, for who
comes next would not look there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stash_sense.errors import StashSenseError, StreamLost, StreamTooSlow
from stash_sense.fingerprints.fingerprint import Fingerprint, Outcome
from stash_sense.fingerprints.store import Mark
from stash_sense.jobs.retries import PASSING
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.media import Image, Scene
from stash_sense.library.people import Performer
from stash_sense.scanning.content import content_of, title_of
from stash_sense.scanning.deciding import Conditions, Step, step_of
from stash_sense.scanning.ports import ToRematch
from stash_sense.scanning.progress import PartProgress, Progress, failed_names
from stash_sense.scanning.reading import Part, Reading
from stash_sense.scanning.recommending import Findings, decided
from stash_sense.scanning.suggesting import TYPES, People, missing, suggestion
from stash_sense.scanning.tagged_performers import TaggedPerformers
from stash_sense.scanning.tools import Tools

_FRESH = 20
"""Items that are looked at before the next ones are read anew: a page takes many minutes to look at."""
_REMATCHED = 200
"""Items that are compared with the database at once: 6 MB of faces, and a few searches for all of them."""
_PASSING: tuple[type[StashSenseError], ...] = (*PASSING, StreamLost, StreamTooSlow)
_MAY_PASS = frozenset(one.code for one in _PASSING)
"""Of an item's failure: it is looked at once more."""
_Items = Sequence[Scene | Image]


@dataclass
class ItemScan:
    """Does what is to be done about parts of one kind.

    Attributes:
        tools: it works with.
        reading: where the parts come from.
        tagged: knows who is tagged.
        people: knows who is in Stash.
        progress: is told.
        limit: how many may be looked at in all; None for any number.
        found_new: whether there was anything in the last part that had to be looked at.
        left: galleries from which images of the last part were taken.
    """

    tools: Tools
    reading: Reading
    tagged: TaggedPerformers
    people: People
    progress: Progress
    limit: int | None
    found_new: bool = False
    left: set[str] = field(default_factory=set)

    def do(self, part: Part, ahead: Callable[[], None], keep: Callable[[str], None]) -> None:
        """Do all of a part.

        Args:
            part: that was read.
            ahead: called when the next part may be read.
            keep: called with the id up to which all is done.

        Raises:
            StashError: Stash cannot be asked.
            Cancelled: the job has to stop.
            StorageError, StateError: what was found cannot be kept.
        """
        tools, kind = self.tools, self.reading.kind.name
        marks = tools.store.marks(kind, part.ids)
        steps: dict[Step, list[Scene | Image]] = {step: [] for step in Step}
        for item in part.items:
            step = step_of(marks.get(item.id), content_of(item), tools.now)
            steps[Step.LOOK if step is Step.REMATCH and tools.rematcher is None else step].append(item)
        self.found_new, self.left = bool(steps[Step.LOOK]), set()
        if not steps[Step.LOOK]:
            ahead()
        passing = PartProgress(self.progress, part.ids)
        self._lost(kind, part, marks, passing)
        self._unchanged(kind, steps[Step.NOTHING], marks)
        passing.note((item.id for item in steps[Step.NOTHING]), "unchanged")
        look = self._rematch(kind, steps[Step.REMATCH], passing) + steps[Step.LOOK]
        look.sort(key=lambda item: passing.place[item.id])

        def done(id_: str) -> None:
            passing.upto(id_)
            keep(id_)

        self._look(kind, look, marks, ahead, done)
        if not self.is_over:
            passing.all()

    @property
    def is_over(self) -> bool:
        """Whether as many were looked at as may be."""
        return self.limit is not None and self.progress.counts.get("looked", 0) >= self.limit

    def _lost(self, kind: str, part: Part, marks: Mapping[str, Mark], passing: PartProgress) -> None:
        """Remember what cannot be read; what is known of it from before stays."""
        for id_, failure in part.lost.items():
            if id_ not in marks:
                self.tools.store.keep(self.tools.looker.lost(kind, id_, failure), None)
            passing.note([id_], *failed_names(failure.code))

    def _unchanged(self, kind: str, items: _Items, marks: Mapping[str, Mark]) -> None:
        """See to it that what is recommended is still so: somebody may be tagged by now."""
        store = self.tools.store
        # Of images it is also kept in which galleries they are.
        known = [one for one in items if isinstance(one, Image) or marks[one.id].outcome is Outcome.FACES]
        fingerprints = store.several(kind, [item.id for item in known])
        moved = [
            replace(fingerprints[item.id], galleries=item.gallery_ids)
            for item in known
            if isinstance(item, Image)
            and item.id in fingerprints
            and set(fingerprints[item.id].galleries) != set(item.gallery_ids)
        ]
        if moved:
            self.left |= {gallery for one in moved for gallery in fingerprints[one.item.id].galleries}
            store.rematched(moved)
            fingerprints |= {one.item.id: one for one in moved}
        with_people = [
            (item, found) for item in known if (found := fingerprints.get(item.id)) is not None and found.persons
        ]
        self._recommend(kind, with_people)

    def _rematch(self, kind: str, items: _Items, passing: PartProgress) -> list[Scene | Image]:
        """Compare kept faces with the database; gives those whose faces are not there any more."""
        tools, rematcher = self.tools, self.tools.rematcher
        without: list[Scene | Image] = []
        if rematcher is None:
            return without
        for start in range(0, len(items), _REMATCHED):
            some = items[start : start + _REMATCHED]
            ids = [item.id for item in some]
            fingerprints, faces = tools.store.several(kind, ids), tools.store.faces(kind, ids)
            there = [item for item in some if item.id in faces and item.id in fingerprints]
            without += [item for item in some if item.id not in faces or item.id not in fingerprints]
            self._read_tagged(there)
            asked = [
                ToRematch(fingerprints[item.id], faces[item.id], self.tagged.rows(item.performer_ids))
                for item in there
            ]
            found = [
                replace(one, title=title_of(item), galleries=_galleries(item), conditions=str(tools.now.conditions))
                for one, item in zip(rematcher.rematch(asked, self._cancel), there, strict=True)
            ]
            pairs = list(zip(there, found, strict=True))
            self._recommend(kind, [pair for pair in pairs if not pair[1].persons])
            tools.store.rematched(found)
            self._recommend(kind, [pair for pair in pairs if pair[1].persons])
            passing.note((item.id for item in there), "rematched")
            self._cancel.raise_if_cancelled()
        return without

    def _look(
        self,
        kind: str,
        items: _Items,
        marks: Mapping[str, Mark],
        ahead: Callable[[], None],
        keep: Callable[[str], None],
    ) -> None:
        for start in range(0, len(items), _FRESH):
            some = list(items[start : start + _FRESH])
            if start:
                some = self._fresh(some)
            if start + _FRESH >= len(items):
                ahead()
            self._read_tagged(some)
            for item in some:
                if self.is_over:
                    return
                self._cancel.raise_if_cancelled()
                self._look_at(kind, item, marks.get(item.id))
                keep(item.id)
            self.tools.give_back()

    def _look_at(self, kind: str, item: Scene | Image, mark: Mark | None) -> None:
        """Look at one, keep what was found, and recommend it."""
        tools = self.tools
        self.progress.say(title_of(item))
        fingerprint, faces = tools.looker.look(item, self._performers(item), self._cancel)
        if fingerprint.outcome is Outcome.FAILED:
            # Is it the item's failure, or is Stash gone, or the item?
            again = self._fresh([item])
            if not again:
                self.progress.count(gone=1)
                return
            if not _MAY_PASS.isdisjoint(_codes(fingerprint)):
                fingerprint, faces = tools.looker.look(again[0], self._performers(item), self._cancel)
        is_known = (
            mark is not None
            and mark.outcome is Outcome.FACES
            and (mark.content, mark.pack) == (fingerprint.content, fingerprint.pack)
        )
        if fingerprint.outcome is Outcome.FAILED and is_known:  # looked at again, and now in vain
            tools.store.rematched([_failed_again(one, fingerprint) for one in self._kept(fingerprint)])
            self._count_failure(fingerprint.code)
        else:
            if faces is not None and tools.rematcher is not None:
                fingerprint = tools.rematcher.noted(fingerprint, faces, self.tagged.rows(item.performer_ids))
            if mark is not None and not fingerprint.persons:
                self._recommend(kind, [(item, fingerprint)])
            tools.store.keep(fingerprint, faces)
            if fingerprint.persons:
                self._recommend(kind, [(item, fingerprint)])
            if fingerprint.outcome is Outcome.FAILED:
                self._count_failure(fingerprint.code)
        self.progress.count(looked=1, no_face=fingerprint.outcome is Outcome.NO_FACE)

    def _kept(self, fingerprint: Fingerprint) -> list[Fingerprint]:
        """Return what is known of the same item."""
        kind, id_ = fingerprint.item
        return list(self.tools.store.several(kind, [id_]).values())

    def _recommend(self, kind: str, found: Sequence[tuple[Scene | Image, Fingerprint]]) -> None:
        """Recommend who is missing, and take back what was recommended where nobody is."""
        type_, findings = TYPES[kind], Findings(self.tools.recommendations)
        self._read_tagged(item for item, fingerprint in found if fingerprint.persons)
        untagged = {
            item.id: missing(fingerprint, self.tagged.person_ids(item.performer_ids)) for item, fingerprint in found
        }
        known = decided(self.tools.recommendations, type_, {id_ for id_, persons in untagged.items() if persons})
        for item, fingerprint in found:
            persons = [one for one in untagged[item.id] if one.person_id not in known.get(item.id, ())]
            recommendation = suggestion(fingerprint, persons, self.people)
            if recommendation is None:
                findings.nothing(type_, [item.id])
            else:
                findings.found(recommendation)
        self.progress.told(findings.tell())

    def _fresh(self, items: _Items) -> list[Scene | Image]:
        """Read some anew, without those that are gone by now."""
        ids = [item.id for item in items]
        found = self.tools.loop.call(lambda: self.reading.fresh(ids), self._cancel)
        return [found[one] for one in ids if one in found]

    def _read_tagged(self, items: Iterable[Scene | Image]) -> None:
        self.tagged.read((one for item in items for one in item.performer_ids), self._cancel)

    def _performers(self, item: Scene | Image) -> tuple[Performer, ...]:
        return self.tagged.performers(item.performer_ids)

    def _count_failure(self, code: str) -> None:
        self.progress.count(**dict.fromkeys(failed_names(code), 1))

    @property
    def _cancel(self) -> CancelToken:
        return self.progress.context.cancel


def _failed_again(known: Fingerprint, failed: Fingerprint) -> Fingerprint:
    """Return what was known, with why it could not be looked at once more, and under which conditions."""
    looking, matching = Conditions.read(failed.conditions).looking, Conditions.read(known.conditions).matching
    conditions = str(Conditions(looking, matching))
    return replace(known, code=failed.code, message=failed.message, conditions=conditions)


def _galleries(item: Scene | Image) -> tuple[str, ...]:
    return item.gallery_ids if isinstance(item, Image) else ()


def _codes(fingerprint: Fingerprint) -> set[str]:
    """Return the codes of all that was tried."""
    return {fingerprint.code, *(str(one["code"]) for one in fingerprint.details.get("attempts") or ())}
