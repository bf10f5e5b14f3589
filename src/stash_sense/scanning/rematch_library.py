"""All that was looked at with another version of the database -> the same with the one in use, page by page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stash_sense.fingerprints.fingerprint import Fingerprint
from stash_sense.fingerprints.store import FingerprintStore
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.scanning.ports import Rematcher, ToRematch

PAGE = 200
"""Items at once: 6 MB of faces, and three searches of 64 templates and more."""
STAGE = "comparing kept faces"

TaggedOf = Callable[[str, Sequence[str]], Mapping[str, frozenset[int]]]
"""Tells of items of a kind, by their ids, which rows of the roster are tagged in them."""
Changed = Callable[[str, Sequence[tuple[Fingerprint, Fingerprint]]], None]
"""Told of the items of a page whose people are other ones: before and now, and not kept yet."""


@dataclass(frozen=True, slots=True)
class Rematched:
    """What was done: items compared, those whose people are other ones, and those that have to be looked at again."""

    compared: int = 0
    changed: int = 0
    without_faces: int = 0


def rematch_library(
    store: FingerprintStore,
    rematcher: Rematcher,
    version: str,
    pack: str,
    kinds: Iterable[str],
    tagged: TaggedOf,
    *,
    cancel: CancelToken,
    progress: ProgressListener = silent,
    on_changed: Changed = lambda kind, pairs: None,
    keep_cursor: Callable[[str, int], None] = lambda kind, after: None,
    after: Mapping[str, int] | None = None,
    size: int = PAGE,
) -> Rematched:
    """Go through what was compared with another version.

    What is compared is kept page by page, so that a run that is killed goes on with what is left.

    Args:
        store: of what was looked at.
        rematcher: compares with the version in use.
        version: that one.
        pack: of its vectors; faces of another one cannot be compared.
        kinds: names of kinds.
        tagged: who is tagged.
        cancel: stops the work between pages.
        progress: told the items done.
        on_changed: told before a page is kept; of a killed run it is told again.
        keep_cursor: told the number up to which all of a kind is done.
        after: numbers to go on after, by kind.
        size: items of a page.

    Raises:
        Cancelled: the token was set.
        StorageError, StateError: the store cannot be read or written.
        DatabaseError: the database cannot be read.
    """
    compared = changed = without = 0
    for kind in kinds:
        total = store.counts(kind, version).behind
        done = 0
        progress(Progress(STAGE, done, total))
        for page in store.pages(kind, behind=version, after=(after or {}).get(kind, 0), size=size):
            cancel.raise_if_cancelled()
            faces = store.faces(kind, [one.item.id for one in page if one.pack == pack])
            there = [one for one in page if one.item.id in faces]
            rows = tagged(kind, [one.item.id for one in there])
            asked = [ToRematch(one, faces[one.item.id], rows.get(one.item.id, frozenset())) for one in there]
            found = rematcher.rematch(asked, cancel)
            pairs = [pair for pair in zip(there, found, strict=True) if pair[0].persons != pair[1].persons]
            if pairs:
                on_changed(kind, pairs)
            store.rematched(found)
            keep_cursor(kind, int(page[-1].item.id))
            compared, changed = compared + len(found), changed + len(pairs)
            without += len(page) - len(there)
            done += len(page)
            progress(Progress(STAGE, done, total))
    return Rematched(compared, changed, without)
