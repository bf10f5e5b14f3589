"""A source -> the state of a build: everybody listed, and every picture that is new or changed described."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from stash_sense.errors import (
    DatabaseError,
    EverybodyForgotten,
    GalleryError,
    GalleryWithoutPeople,
    PerformersWithoutPictures,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.kernel.text import as_unicode
from stash_sense.performers.building.notes import ReferenceNote, same_performer
from stash_sense.performers.building.portraits import PortraitFinder
from stash_sense.performers.building.sources import FOLDER, PerformerSource, SourcePicture, known_ids
from stash_sense.performers.building.state import BuildState
from stash_sense.performers.records import PerformerRecord


@dataclass(slots=True)
class Gathered:
    """What was found.

    Attributes:
        pictures: how many the source has: those below, and those that could not be read.
        described: in how many of them the face was looked for now; where somebody was forgotten meanwhile, some that
            were known may be counted here.
        reused: of how many it was known from before.
        copies: how many are the same file as another one of these.
    """

    pictures: int = 0
    described: int = 0
    reused: int = 0
    copies: int = 0

    def count(self, state: BuildState) -> None:
        """Count what is known by now, so that all adds up when somebody was forgotten meanwhile."""
        self.pictures, _ = state.counts()
        readable, different = state.files()
        self.copies = readable - different
        self.described = min(self.described, different)
        self.reused = different - self.described


def gather(
    state: BuildState,
    source: PerformerSource,
    portraits: PortraitFinder,
    forgotten: frozenset[str],
    notes: list[ReferenceNote],
    cancel: CancelToken,
    progress: ProgressListener,
) -> Gathered:
    """List the source, describe what is not known yet, and drop what is gone.

    Args:
        state: of this source's builds; each picture is in it as soon as it is described.
        source: of the performers.
        portraits: describes pictures.
        forgotten: universal ids of those who are passed over.
        notes: gets what the user should know, also where it ends with an error.
        cancel: looked at at every picture.
        progress: told everybody's name, then how many pictures are done.

    Raises:
        GalleryWithoutPeople, PerformersWithoutPictures: the source has no picture.
        EverybodyForgotten: those who have pictures are to be forgotten.
        GalleryError, StashError, StashBoxError: it cannot be read.
        PerformersLost: it went away while pictures were read.
        StorageError, BuildStateDamaged: the state cannot be written, or not be read.
        Cancelled: the token was set.
    """
    gathered = Gathered()
    state.forget(forgotten)
    _list(state, source, forgotten, notes, cancel, progress)
    gathered.pictures, due = state.counts()
    if not gathered.pictures and any(note.code == "forgotten" for note in notes):
        state.drop_vanished()
        raise EverybodyForgotten(path=source.title)
    if not gathered.pictures:
        raise without_pictures(source)
    gathered.described = _describe(
        state, source, portraits, (gathered.pictures - due, gathered.pictures), cancel, progress
    )
    state.drop_vanished()
    gathered.count(state)
    return gathered


def without_pictures(source: PerformerSource) -> GalleryError | DatabaseError:
    """Return what is wrong with a source in which nobody has a picture."""
    if source.origins == {FOLDER}:
        return GalleryWithoutPeople(path=f"The {source.title}")
    return PerformersWithoutPictures(source=source.title)


def _list(
    state: BuildState,
    source: PerformerSource,
    forgotten: frozenset[str],
    notes: list[ReferenceNote],
    cancel: CancelToken,
    progress: ProgressListener,
) -> None:
    state.begin()
    total = source.count(cancel)
    for count, performer in enumerate(source.performers(cancel)):
        cancel.raise_if_cancelled()
        record = _storable(performer.record)
        progress(Progress("listing", count, max(total, count), record.name))
        notes += [ReferenceNote("bad_description", record.name, fault) for fault in performer.faults]
        known = known_ids(record, performer.place, performer.origin) | performer.former_ids
        if not known.isdisjoint(forgotten):
            message = f'"{record.name}" ({record.universal_id}) is to be forgotten, and was passed over.'
            notes.append(ReferenceNote("forgotten", record.name, message))
            continue
        taken = state.note(replace(performer, record=record))
        if taken is not None:
            notes.append(same_performer(record.name, record.universal_id, performer.place, taken))


def _describe(
    state: BuildState,
    source: PerformerSource,
    portraits: PortraitFinder,
    begun: tuple[int, int],
    cancel: CancelToken,
    progress: ProgressListener,
) -> int:
    """Describe what is due, and return how many files that were; `begun` is how many are done, and of how many."""
    described = 0
    done, total = begun
    owner: dict[str, str] = {}

    def pictures() -> Iterator[SourcePicture]:
        for who, picture in state.due():
            owner[picture.key] = who
            yield picture

    progress(Progress("describing", done, total))
    found = portraits.portraits(pictures(), source, cancel, state.is_described)
    with contextlib.closing(found):
        for portrait in found:
            described += bool(portrait.sha256) and not state.is_described(portrait.sha256)
            state.keep(portrait)
            done += 1
            progress(Progress("describing", done, total, state.name_of(owner.pop(portrait.picture.key))))
            cancel.raise_if_cancelled()
    return described


def _storable(record: PerformerRecord) -> PerformerRecord:
    """Replace what is no Unicode in the name, as that of a folder may hold."""
    return replace(record, name=as_unicode(record.name))
