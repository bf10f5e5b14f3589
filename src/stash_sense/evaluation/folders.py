"""A folder with one folder of videos for each person -> the truth, as far as the folders' names say it."""

import re
from collections.abc import Collection
from pathlib import Path

from stash_sense.errors import InputMissing, InputUnreadable, InputWithoutMedia
from stash_sense.evaluation.answers import spelled
from stash_sense.evaluation.truth import TrueFile, Truth
from stash_sense.media.kinds import PICTURE_EXTENSIONS, VIDEO_EXTENSIONS

_BETWEEN_NAMES = re.compile(r"\s+&\s+|,\s+")


def truth_of_folders(folder: Path, known: Collection[str]) -> Truth:
    """Take a file in `folder/<person>/` to show that person; strangers stay uncounted.

    Several people are in a file that lies, with the same name and size, in the folders of each, and in the files of
    a folder named `A & B` or `A, B`. What lies deeper, or beside the folders, says nothing and is passed over.

    Args:
        folder: the folder of folders.
        known: names of the gallery; a folder that is named exactly so is one person, whatever is in the name.

    Raises:
        InputMissing: there is no such folder.
        InputWithoutMedia: no video or picture lies in a folder of it.
        InputUnreadable: a folder cannot be read.
    """
    if not folder.is_dir():
        raise InputMissing(path=folder)
    names = {spelled(name) for name in known}
    persons: dict[tuple[str, int], list[str]] = {}
    first: dict[tuple[str, int], Path] = {}
    for subfolder in _listed(folder):
        if not subfolder.is_dir():
            continue
        people = _people(spelled(subfolder.name), names)
        for file in _listed(subfolder):
            if file.suffix.lower() in PICTURE_EXTENSIONS | VIDEO_EXTENSIONS and file.is_file():
                key = (file.name, file.stat().st_size)
                persons.setdefault(key, []).extend(people)
                first.setdefault(key, file)
    if not first:
        raise InputWithoutMedia(path=folder)
    return Truth(
        files=tuple(
            TrueFile(path=str(path.relative_to(folder)), persons=tuple(dict.fromkeys(persons[key])))
            for key, path in first.items()
        )
    )


def names_of(gallery: Path) -> list[str]:
    """Return the names of the people who have a folder in a gallery; none where it is no folder.

    Raises:
        InputUnreadable: it cannot be read.
    """
    return [path.name for path in _listed(gallery) if path.is_dir()] if gallery.is_dir() else []


def _people(name: str, known: Collection[str]) -> list[str]:
    if name in known:
        return [name]
    return [part for part in _BETWEEN_NAMES.split(name) if part]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputUnreadable(path=folder, reason=error.strerror) from error
