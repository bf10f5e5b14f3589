"""A source -> the state of a build: everybody listed, and every picture that is new or changed described."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from stash_sense.errors import EverybodyForgotten, GalleryWithoutPeople, PerformersWithoutPictures
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
        pictures: how many the source has.
        described: of how many of them the face was looked for now.
        reused: of how many it was known.
    """

    pictures: int = 0
    described: int = 0
    reused: int = 0


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
        GalleryError, InputError, StashError, StashBoxError: it cannot be read.
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
        if source.origins == {FOLDER}:
            raise GalleryWithoutPeople(path=source.title)
        raise PerformersWithoutPictures(source=source.title)
    gathered.reused = gathered.pictures - due
    _describe(state, source, portraits, gathered, cancel, progress)
    state.drop_vanished()
    return gathered


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
    gathered: Gathered,
    cancel: CancelToken,
    progress: ProgressListener,
) -> None:
    done, total = gathered.reused, gathered.pictures
    owner: dict[str, str] = {}

    def pictures() -> Iterator[SourcePicture]:
        for who, picture in state.due():
            owner[picture.key] = who
            yield picture

    progress(Progress("describing", done, total))
    found = portraits.portraits(pictures(), source, cancel, state.is_described)
    with contextlib.closing(found):
        for portrait in found:
            state.keep(portrait)
            done += 1
            gathered.reused += portrait.known
            gathered.described += bool(portrait.sha256) and not portrait.known
            progress(Progress("describing", done, total, state.name_of(owner.pop(portrait.picture.key))))
            cancel.raise_if_cancelled()


def _storable(record: PerformerRecord) -> PerformerRecord:
    """Replace what is no Unicode in the name, as that of a folder may hold."""
    return replace(record, name=as_unicode(record.name))
