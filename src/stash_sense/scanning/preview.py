"""What a scan would do, without doing it."""

from collections import Counter
from dataclasses import dataclass

from stash_sense.fingerprints.fingerprint import Outcome
from stash_sense.fingerprints.store import FingerprintStore
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.library.ports import Library
from stash_sense.library.reading import Cursor
from stash_sense.scanning.content import content_of
from stash_sense.scanning.deciding import Present, Step, step_of
from stash_sense.scanning.ports import Loop
from stash_sense.scanning.reading import Part, Reading
from stash_sense.scanning.scope import KINDS, ResolvedScope, galleries_left_alone


@dataclass(frozen=True, slots=True)
class Preview:
    """How many items of a kind there are in a scope, and what would be done about them.

    Attributes:
        kind: its plural.
        look: frames would be looked at: of those that are new, and of those that were known.
        rematch: kept faces would be compared with the database.
        nothing: they are known: how many have faces, how many none, how many cannot be looked at.
        unreadable: Stash does not tell what they are.
    """

    kind: str
    new: int
    again: int
    rematch: int
    faces: int
    no_face: int
    failed: int
    unreadable: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.new + self.again + self.rematch + self.faces + self.no_face + self.failed + self.unreadable


def preview(
    library: Library,
    loop: Loop,
    store: FingerprintStore,
    scope: ResolvedScope,
    now: Present,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> list[Preview]:
    """Say what would be done.

    Raises:
        StashError: Stash cannot be asked.
        Cancelled: the token was set.
        StorageError, StateError: what is known cannot be read.
    """
    left_alone = loop.call(lambda: galleries_left_alone(library, scope), cancel)
    return [_of_kind(library, loop, store, scope, kind, left_alone, now, cancel, progress) for kind in scope.scopes]


def _of_kind(
    library: Library,
    loop: Loop,
    store: FingerprintStore,
    scope: ResolvedScope,
    name: str,
    left_alone: frozenset[str],
    now: Present,
    cancel: CancelToken,
    progress: ProgressListener,
) -> Preview:
    kind = KINDS[name]
    reading = Reading(library, kind, scope.scopes[name])
    counts: Counter[str] = Counter()
    cursor: Cursor | None = Cursor()
    done, total = 0, None
    while cursor is not None:
        at = cursor
        whole: Part = loop.call(lambda at=at: reading.part(at), cancel)  # type: ignore[misc]
        part = whole.without(left_alone)
        marks = store.marks(name, part.ids)
        for item in part.items:
            mark = marks.get(item.id)
            step = step_of(mark, content_of(item), now)
            if step is Step.LOOK:
                counts["new" if mark is None else "again"] += 1
            elif step is Step.REMATCH or mark is None:
                counts["rematch"] += 1
            else:
                counts["failed" if mark.has_failed else mark.outcome.value] += 1
        counts["unreadable"] += len(part.lost)
        done += len(whole.ids)
        total = part.total if part.total is not None else total
        progress(Progress(kind.plural, done, total))
        cursor = part.next
    return Preview(
        kind.plural,
        new=counts["new"],
        again=counts["again"],
        rematch=counts["rematch"],
        faces=counts[Outcome.FACES.value],
        no_face=counts[Outcome.NO_FACE.value],
        failed=counts["failed"],
        unreadable=counts["unreadable"],
    )
