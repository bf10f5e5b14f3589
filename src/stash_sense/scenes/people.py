"""Folders of labelled face photographs -> persons in two halves, and which of their photographs serve for what."""

import hashlib
import shutil
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import FacesMissing
from stash_sense.files import storage_errors

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_ACTING = 60
"""Of 100 strangers, how many may act in scenes; the others may stand in galleries."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody and all photographs of them, in the order of their names."""

    name: str
    photos: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of one half.

    Attributes:
        people: those with two or more photographs: some for scenes, the others for galleries.
        strangers: those with one who may act in scenes; never in a gallery.
        distractors: those with one who may stand in galleries; never in a scene.
    """

    people: tuple[Person, ...]
    strangers: tuple[Person, ...]
    distractors: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Actors:
    """Who may play in scenes: everybody with those photographs only that are for scenes and show a clear face."""

    people: tuple[Person, ...]
    strangers: tuple[Person, ...]


def half_of(subject: str) -> int:
    """Say which half somebody belongs to, 0 or 1; does not depend on who else there is."""
    return int(hashlib.sha256(subject.encode()).hexdigest(), 16) % 2


def may_act(stranger: str) -> bool:
    """Say whether a stranger may act in scenes, or stands in galleries; does not depend on who else there is."""
    return int(hashlib.sha256(b"acts:" + stranger.encode()).hexdigest(), 16) % 100 < _ACTING


def read_people(folders: Iterable[Path], leave_out: Set[str] = frozenset()) -> tuple[Person, ...]:
    """List persons by name: `folder/<person>/*`, and each loose picture `folder/*` as a person of its own.

    Folders of one name are one person. A loose picture that is numbered (`Ada_Lovelace_0001.jpg`) is left out where
    that name is left out or has a folder.

    Raises:
        FacesMissing: a folder is missing or holds no pictures.
    """
    photos: dict[str, list[Path]] = {}
    loose: dict[str, Path] = {}
    for folder in folders:
        own = {child.name: _pictures(child) for child in _children(folder) if child.is_dir()}
        single = _pictures(folder)
        if not single and not any(own.values()):
            raise FacesMissing(path=folder)
        for name, pictures in own.items():
            photos.setdefault(name, []).extend(pictures)
        loose.update((picture.stem, picture) for picture in single)
    persons = {name: Person(name, tuple(pictures)) for name, pictures in photos.items() if pictures}
    taken = leave_out | persons.keys()
    persons |= {name: Person(name, (picture,)) for name, picture in loose.items() if not _spellings(name) & taken}
    return tuple(persons[name] for name in sorted(persons.keys() - leave_out))


def cast_of(persons: Iterable[Person], half: int) -> Cast:
    """Take the people of one half and divide them by how they may be used."""
    own = [person for person in persons if half_of(person.name) == half]
    single = [person for person in own if len(person.photos) == 1]
    return Cast(
        people=tuple(person for person in own if len(person.photos) >= 2),
        strangers=tuple(person for person in single if may_act(person.name)),
        distractors=tuple(person for person in single if not may_act(person.name)),
    )


def split_photos(photos: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Divide one person's photographs into references for galleries and those for scenes.

    One of 2 or 3 is for scenes, 2 of 4 or more; a single one too. Which, is fixed by their file names.
    """
    count = 2 if len(photos) >= 4 else 1
    shuffled = sorted(photos, key=lambda photo: hashlib.sha256(photo.name.encode()).hexdigest())
    for_scenes = frozenset(shuffled[:count])
    return (
        tuple(photo for photo in photos if photo not in for_scenes),
        tuple(photo for photo in photos if photo in for_scenes),
    )


def write_gallery(people: Iterable[Person], folder: Path, distractors: Iterable[Person] = (), most: int = 3) -> None:
    """Write `folder/<person>/<photograph>`: at most so many references of each, and the distractors' pictures.

    Args:
        distractors: strangers who act in no scene (`Cast.distractors`).

    Raises:
        StorageError: a picture cannot be copied.
    """
    shown = [(person.name, split_photos(person.photos)[0][:most]) for person in people]
    shown += [(person.name, person.photos[:1]) for person in distractors]
    with storage_errors(folder):
        for name, photos in shown:
            (folder / name).mkdir(parents=True, exist_ok=True)
            for photo in photos:
                shutil.copyfile(photo, folder / name / photo.name)


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise FacesMissing(path=folder) from error


def _pictures(folder: Path) -> list[Path]:
    return [child for child in _children(folder) if child.suffix.lower() in _SUFFIXES and child.is_file()]


def _spellings(stem: str) -> frozenset[str]:
    """Return a loose picture's name with and without a number at its end."""
    return frozenset({stem, stem.rstrip("0123456789").rstrip("_- ")})
