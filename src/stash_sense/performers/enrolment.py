"""A folder of named folders of pictures -> a gallery, and everything about the pictures that the user should know."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stash_sense.errors import (
    Cancelled,
    GalleryMissing,
    GalleryWithoutFaces,
    GalleryWithoutPeople,
    InputUnreadable,
    StashSenseError,
)
from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.kernel.stages import StageClock
from stash_sense.media.folders import files_below
from stash_sense.media.frame import Frame
from stash_sense.media.kinds import PICTURE_EXTENSIONS
from stash_sense.media.ports import PictureReader
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.faces import Faces


@dataclass(frozen=True, slots=True)
class EnrolmentNote:
    """Something about one reference that the user should know: a stable code and a sentence with what to do.

    Codes: no_face, several_faces, bad_picture, same_picture, looks_like_another, no_reference.
    """

    code: str
    person: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """A gallery, and what was noticed while making it."""

    gallery: Gallery
    notes: tuple[EnrolmentNote, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    person: KnownPerson
    picture: Path
    digest: str
    vector: Floats


class FolderEnrolment:
    """Enrols the people of a folder; a bad picture never stops the rest."""

    def __init__(self, pictures: PictureReader, finder: FaceFinder, pack: str, same_person_distance: float) -> None:
        self._pictures = pictures
        self._finder = finder
        self._pack = pack
        self._same_person = 1.0 - same_person_distance

    def enrol(self, folder: Path, cancel: CancelToken, progress: ProgressListener = silent) -> Enrolment:
        """Enrol every `folder/<person>/`, named by its folder, with every picture below it.

        Raises:
            GalleryMissing: `folder` is no folder.
            GalleryWithoutPeople: it holds no folder with a picture.
            GalleryWithoutFaces: no picture could be used.
            InputUnreadable: the folder cannot be read.
            Cancelled: the token was set.
        """
        people = _people_of(folder)
        pictures = [(person, picture) for person, found in people.items() for picture in found]
        if not pictures:
            raise GalleryWithoutPeople(path=folder)
        notes: list[EnrolmentNote] = []
        references: list[_Reference] = []
        for done, (person, picture) in enumerate(pictures):
            cancel.raise_if_cancelled()
            progress(Progress("enrolling", done, len(pictures), person.name))
            reference = self._reference(person, picture, notes, cancel)
            if reference is not None:
                references.append(reference)
        progress(Progress("enrolling", len(pictures), len(pictures)))
        references = _without_shared_pictures(references, notes)
        if not references:
            raise GalleryWithoutFaces(path=folder, reason=notes[0].message.rstrip("."))
        gallery = _gather(self._pack, references, self._finder.space.dim)
        notes += _people_without_reference(people, gallery)
        notes += _lookalikes(gallery, references, self._same_person)
        return Enrolment(gallery, tuple(notes))

    def _reference(
        self, person: KnownPerson, picture: Path, notes: list[EnrolmentNote], cancel: CancelToken
    ) -> _Reference | None:
        try:
            frame = self._pictures.read(picture)
            digest = _digest(picture)
            faces = self._finder.find([frame], StageClock(), cancel).faces
        except Cancelled:
            raise
        except StashSenseError as error:
            notes.append(EnrolmentNote("bad_picture", person.name, str(error)))
            return None
        if not len(faces):
            message = f"{picture} shows no face that can be found; use a picture with a larger, clearer face."
            notes.append(EnrolmentNote("no_face", person.name, message))
            return None
        if len(faces) > 1:
            message = (
                f"{picture} shows {len(faces)} faces; the largest and most central one was taken. "
                "Cut the picture to one person to be sure."
            )
            notes.append(EnrolmentNote("several_faces", person.name, message))
        return _Reference(person, picture, digest, faces.vectors[_most_prominent(faces, frame)])


def _people_of(folder: Path) -> dict[KnownPerson, list[Path]]:
    """Return everybody who has a folder, with the pictures below it."""
    if not folder.is_dir():
        raise GalleryMissing(path=folder)
    try:
        subfolders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        around = folder.resolve(strict=True)
        # A link back to the gallery is no person: everybody's pictures would be theirs.
        subfolders = [path for path in subfolders if not around.is_relative_to(path.resolve(strict=True))]
    except OSError as error:
        raise InputUnreadable(path=folder, reason=error.strerror) from error
    return {KnownPerson(id=f"folder:{path.name}", name=path.name): _pictures_below(path) for path in subfolders}


def _pictures_below(folder: Path) -> list[Path]:
    """Return the pictures, and the folders that cannot be listed, which say so when they are read as one."""
    locked: list[Path] = []
    return [*files_below(folder, PICTURE_EXTENSIONS, locked.append), *locked]


def _digest(picture: Path) -> str:
    try:
        with picture.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise InputUnreadable(path=picture, reason=error.strerror) from error


def _most_prominent(faces: Faces, frame: Frame) -> int:
    """Choose the face that is large and near the centre: height, down to half of it at a corner."""
    height, width = frame.image.shape[:2]
    boxes = faces.seen.boxes[faces.row]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    away = np.hypot(centres[:, 0] / width - 0.5, centres[:, 1] / height - 0.5) / np.hypot(0.5, 0.5)
    return int(((boxes[:, 3] - boxes[:, 1]) * (1.0 - 0.5 * away)).argmax())


def _without_shared_pictures(references: list[_Reference], notes: list[EnrolmentNote]) -> list[_Reference]:
    """Leave out pictures that stand under two names, of which at most one can be right, and second copies."""
    people: dict[str, dict[str, _Reference]] = {}
    for reference in references:
        people.setdefault(reference.digest, {}).setdefault(reference.person.id, reference)
    kept: list[_Reference] = []
    for copies in people.values():
        if len(copies) == 1:
            kept += copies.values()
            continue
        pictures = " and ".join(str(reference.picture) for reference in copies.values())
        message = f"{pictures} are the same picture under different names; all were left out. Keep the right one."
        notes.append(EnrolmentNote("same_picture", next(iter(copies.values())).person.name, message))
    return sorted(kept, key=lambda reference: reference.person.id)


def _gather(pack: str, references: list[_Reference], dim: int) -> Gallery:
    """Make the gallery; its rows are the references in the order given, which has each person's together."""
    by_person: dict[KnownPerson, list[Floats]] = {}
    for reference in references:
        by_person.setdefault(reference.person, []).append(reference.vector)
    return Gallery.of(pack, [(person, np.stack(vectors)) for person, vectors in by_person.items()], dim)


def _people_without_reference(people: dict[KnownPerson, list[Path]], gallery: Gallery) -> Iterator[EnrolmentNote]:
    enrolled = set(gallery.persons)
    for person, pictures in people.items():
        if person not in enrolled:
            why = "could be used" if pictures else "was found (JPEG, PNG, WebP, AVIF or GIF)"
            message = f'No picture of "{person.name}" {why}: this person cannot be recognised.'
            yield EnrolmentNote("no_reference", person.name, message)


def _lookalikes(gallery: Gallery, references: list[_Reference], same_person: float) -> Iterator[EnrolmentNote]:
    """Report references as near to another person as faces of one person are, and nearer than to their own."""
    for row, reference in enumerate(references):
        similarity = gallery.vectors @ gallery.vectors[row]
        similarity[row] = -1.0
        other = int(np.where(gallery.owner == gallery.owner[row], -1.0, similarity).argmax())
        own = similarity[gallery.owner == gallery.owner[row]].max()
        if gallery.owner[other] != gallery.owner[row] and similarity[other] >= max(same_person, own):
            name = gallery.persons[gallery.owner[other]].name
            message = f"The face in {reference.picture} looks like {name} ({references[other].picture}); check both."
            yield EnrolmentNote("looks_like_another", reference.person.name, message)
