"""A folder of named folders of pictures -> a gallery, and everything about the pictures that the user should know."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stash_sense.errors import GalleryWithoutFaces, GalleryWithoutPeople
from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.media.ports import PictureReader
from stash_sense.performers.building.lookalikes import nearest_faces
from stash_sense.performers.building.notes import (
    ReferenceNote,
    about_faces,
    looks_like_another,
    no_reference,
    same_performer,
    same_picture,
)
from stash_sense.performers.building.portraits import Portrait, PortraitFinder
from stash_sense.performers.building.sources import FolderSource, SourcePerformer, SourcePicture
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.records import ReferencePicture
from stash_sense.performers.roster import KnownPerson
from stash_sense.performers.search.index import ArrayVectors
from stash_sense.recognition.face_finder import FaceFinder


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """A gallery, and what was noticed while making it."""

    gallery: Gallery
    notes: tuple[ReferenceNote, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    person: KnownPerson
    where: str
    digest: str
    vector: Floats


class FolderEnrolment:
    """Enrols the people of a folder; a bad picture never stops the rest."""

    def __init__(self, pictures: PictureReader, finder: FaceFinder, pack: str, same_person_distance: float) -> None:
        self._portraits = PortraitFinder(pictures, finder)
        self._dim = finder.space.dim
        self._pack = pack
        self._same_person = 1.0 - same_person_distance

    def enrol(self, folder: Path, cancel: CancelToken, progress: ProgressListener = silent) -> Enrolment:
        """Enrol everybody of a `FolderSource`.

        Raises:
            GalleryMissing: `folder` is no folder.
            GalleryWithoutPeople: it holds no folder with a picture.
            GalleryWithoutFaces: no picture could be used.
            GalleryLocked: it cannot be read, or a folder in it.
            Cancelled: the token was set.
        """
        source = FolderSource(folder)
        notes: list[ReferenceNote] = []
        people = _people_of(source, cancel, notes)
        pictures = [(person, picture) for person, found in people.items() for picture in found]
        if not pictures:
            raise GalleryWithoutPeople(path=folder)
        references: list[_Reference] = []
        progress(Progress("enrolling", 0, len(pictures), pictures[0][0].name))
        following = [person.name for person, _ in pictures[1:]] + [""]
        with closing(self._portraits.portraits([picture for _, picture in pictures], source, cancel)) as portraits:
            for done, ((person, picture), portrait) in enumerate(zip(pictures, portraits, strict=True)):
                where = source.where(picture)
                notes += _about(person, where, portrait)
                if portrait.face is not None:
                    references.append(_Reference(person, where, portrait.sha256, portrait.face.vector))
                progress(Progress("enrolling", done + 1, len(pictures), following[done]))
                cancel.raise_if_cancelled()
        references = _without_shared_pictures(references, notes)
        if not references:
            raise GalleryWithoutFaces(path=folder, reason=notes[0].message.rstrip("."))
        gallery = _gather(self._pack, references, self._dim)
        enrolled = {reference.person for reference in references}
        notes += [
            no_reference(person.name, bool(found)) for person, found in people.items() if person not in enrolled
        ]
        notes += _lookalikes(gallery, references, self._same_person, cancel)
        return Enrolment(gallery, tuple(notes))


def _people_of(
    source: FolderSource, cancel: CancelToken, notes: list[ReferenceNote]
) -> dict[KnownPerson, list[SourcePicture]]:
    """Return everybody who has a folder, with their pictures."""
    people: dict[KnownPerson, list[SourcePicture]] = {}
    places: dict[str, str] = {}
    for performer in source.performers(cancel):
        person = KnownPerson(_id_of(performer), performer.record.name)
        notes += [ReferenceNote("bad_description", person.name, fault) for fault in performer.faults]
        if person.id in places:
            notes.append(same_performer(person.name, person.id, performer.place, places[person.id]))
            continue
        places[person.id] = performer.place
        people[person] = list(performer.pictures)
    return people


def _id_of(performer: SourcePerformer) -> str:
    """Return the universal id; of who is known by a folder only, with the very name of the folder.

    In a gallery that is made for one command, people whose names differ in anything stay different people.
    """
    folder = performer.record.universal_id.startswith("folder:")
    return f"folder:{performer.place}" if folder else performer.record.universal_id


def _about(person: KnownPerson, where: str, portrait: Portrait) -> Iterator[ReferenceNote]:
    if portrait.problem:
        yield ReferenceNote("bad_picture", person.name, portrait.problem)
    else:
        yield from about_faces(person.name, where, portrait.faces, portrait.face is not None)


def _without_shared_pictures(references: list[_Reference], notes: list[ReferenceNote]) -> list[_Reference]:
    """Leave out pictures that stand under two names, of which at most one can be right, and second copies."""
    people: dict[str, dict[str, _Reference]] = {}
    for reference in references:
        people.setdefault(reference.digest, {}).setdefault(reference.person.id, reference)
    kept: list[_Reference] = []
    for copies in people.values():
        if len(copies) == 1:
            kept += copies.values()
            continue
        pictures = [reference.where for reference in copies.values()]
        notes.append(same_picture(next(iter(copies.values())).person.name, pictures))
    return sorted(kept, key=lambda reference: reference.person.id)


def _gather(pack: str, references: list[_Reference], dim: int) -> Gallery:
    """Make the gallery; its rows are the references in the order given, which has each person's together."""
    by_person: dict[KnownPerson, list[Floats]] = {}
    for reference in references:
        by_person.setdefault(reference.person, []).append(reference.vector)
    people = [(person, np.stack(vectors)) for person, vectors in by_person.items()]
    pictures = [ReferencePicture("folder", path=one.where, sha256=one.digest) for one in references]
    return Gallery.of(pack, people, dim, pictures)


def _lookalikes(
    gallery: Gallery, references: Sequence[_Reference], same_person: float, cancel: CancelToken
) -> Iterator[ReferenceNote]:
    """Report references as near to another person as faces of one person are, and nearer than to their own."""
    rows: Ints = np.arange(len(references), dtype=np.int64)
    found, _ = nearest_faces(ArrayVectors(gallery.vectors), gallery.owner, rows, cancel)
    for row in np.flatnonzero(found.other >= np.maximum(found.own, same_person)).tolist():
        reference, other = references[row], references[found.rows[row]]
        yield looks_like_another(reference.person.name, reference.where, other.person.name, other.where)
