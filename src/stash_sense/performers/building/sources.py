"""Where performers and their pictures come from: the port, and folders named after people."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stash_sense.errors import GalleryLocked, GalleryMissing
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.text import as_unicode
from stash_sense.media.folders import files_below
from stash_sense.media.kinds import PICTURE_EXTENSIONS
from stash_sense.performers.building.performer_file import PERFORMER_FILE, read_performer_file
from stash_sense.performers.ids import STASH, universal_id
from stash_sense.performers.records import PerformerRecord
from stash_sense.performers.versions.forgotten import ids_of

FOLDER = "folder"
"""Origin of pictures in a folder; other origins are that of a Stash, and domains."""
PRIVATE = frozenset({FOLDER, STASH})
"""Origins of which it is nobody's business where the pictures are."""


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """One picture of somebody, as a reference that costs nothing.

    Attributes:
        key: names it within its source, always the same. Only keys of what is elsewhere begin with a slash, and then
            they name it among all sources.
        fingerprint: changes whenever the picture may have changed; equal ones need not be read again. Of a file its
            size, time and inode; of an entry elsewhere when that was updated.
        url: where it is, as the database says; of a local picture its path below the source.
    """

    key: str
    fingerprint: str
    url: str


@dataclass(frozen=True, slots=True)
class SourcePerformer:
    """Somebody, and their pictures.

    Attributes:
        record: all that is known but the faces; the name as the source has it.
        place: names the entry within its source; of a Stash the universal id that it alone gives them.
        origin: domain the pictures come from, "stash" or "folder".
        pictures: to be read before the next performer is asked for, once.
        faults: what is wrong with the entry, as sentences with what to do; it is used nevertheless.
        former_ids: universal ids that once were theirs, so that who was forgotten by one of them stays forgotten.
        joins: whether it adds to an entry before it with the same universal id, which else is left out.
    """

    record: PerformerRecord
    place: str
    origin: str
    pictures: Iterator[SourcePicture]
    faults: tuple[str, ...] = field(default=())
    former_ids: frozenset[str] = frozenset()
    joins: bool = False


class PerformerSource(Protocol):
    """Performers with pictures, wherever they are: in folders, in a Stash, at a stash-box, or in several of these."""

    @property
    def identity(self) -> str:
        """Tells this source from every other one, for good."""

    @property
    def title(self) -> str:
        """Where the performers come from, in plain words without the user's private paths."""

    @property
    def origins(self) -> frozenset[str]:
        """Where its pictures may come from, see `SourcePerformer`."""

    @property
    def readers(self) -> int:
        """How many pictures may be opened at once, each in a thread of its own."""

    def count(self, cancel: CancelToken) -> int:
        """Return how many people there are, at the most, without looking at each.

        Raises:
            GalleryError, StashError, StashBoxError: the source cannot be read.
            Cancelled: the token was set.
        """

    def performers(self, cancel: CancelToken) -> Iterator[SourcePerformer]:
        """Yield everybody, holding only a few of them in memory; raises as `count` does."""

    def opened(self, picture: SourcePicture) -> AbstractContextManager[Path]:
        """Give a picture as a file, there until the block ends; asked for after `performers`.

        Raises:
            PerformersLost: the source has gone away, so that there is no use in asking for others.
            StashSenseError: it cannot be had; the others still can.
        """

    def origin_of(self, picture: SourcePicture) -> str:
        """Say where a picture comes from, one of `origins`."""

    def where(self, picture: SourcePicture) -> str:
        """Say where a picture is, so that the user finds it."""


class FolderSource:
    """`folder/<person>/`, everybody named by their folder, with every picture below it.

    A `performer.json` in a person's folder says more about them (see `performer_file`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def identity(self) -> str:
        """The folder itself, whichever way it was named."""
        return f"folder {self._whole_path}"

    @property
    def title(self) -> str:
        """The folder's own name: where it lies is nobody else's business."""
        return f"folder {self._whole_path.name}"

    @property
    def origins(self) -> frozenset[str]:
        """All pictures are in the folder."""
        return frozenset({FOLDER})

    @property
    def readers(self) -> int:
        """One: reading and decoding a picture takes less time than describing it."""
        return 1

    def count(self, cancel: CancelToken) -> int:
        """Count the people's folders; raises as `performers` does."""
        cancel.raise_if_cancelled()
        return len(self._names())

    def performers(self, cancel: CancelToken) -> Iterator[SourcePerformer]:
        """Yield the people in the order of their folders' names.

        Hidden folders are passed over, and links back to the folder: everybody's pictures would be theirs.

        Raises:
            GalleryMissing: the folder is none.
            GalleryLocked: it cannot be listed, or one below it, whose pictures would be missed by nobody.
            Cancelled: the token was set.
        """
        for name in self._names():
            cancel.raise_if_cancelled()
            record = PerformerRecord(folder_id(name), name)
            said = read_performer_file(self._folder / name / PERFORMER_FILE, record)
            yield SourcePerformer(said.record, name, FOLDER, self._pictures(name), said.faults)

    def opened(self, picture: SourcePicture) -> AbstractContextManager[Path]:
        """Give the file itself."""
        return nullcontext(self._folder / picture.key)

    def origin_of(self, picture: SourcePicture) -> str:
        """All pictures are in the folder."""
        return FOLDER

    def has(self, picture: SourcePicture) -> bool:
        """Whether the key is a path below the folder, which never begins with a slash."""
        return not picture.key.startswith("/")

    def where(self, picture: SourcePicture) -> str:
        """Return the path of a picture."""
        return str(self._folder / picture.key)

    @property
    def _whole_path(self) -> Path:
        return _without_links(self._folder)

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            raise GalleryMissing(path=self._folder)
        try:
            with os.scandir(self._folder) as entries:
                names = sorted(
                    entry.name for entry in entries if not entry.name.startswith(".") and _is_folder(entry)
                )
        except OSError as error:
            raise GalleryLocked(path=self._folder, reason=error.strerror) from error
        around = self._whole_path
        return [name for name in names if not self._leads_back(name, around)]

    def _leads_back(self, name: str, around: Path) -> bool:
        path = self._folder / name
        return path.is_symlink() and around.is_relative_to(_without_links(path))

    def _pictures(self, name: str) -> Iterator[SourcePicture]:
        for path in files_below(self._folder / name, PICTURE_EXTENSIONS, _locked):
            below = path.relative_to(self._folder)
            yield SourcePicture(str(below), fingerprint_of(path), as_unicode(below.as_posix()))


def _locked(error: OSError) -> None:
    raise GalleryLocked(path=os.fsdecode(error.filename), reason=error.strerror) from error


def _without_links(path: Path) -> Path:
    """Return the whole path; unlike `Path.resolve`, also where links lead round in a circle."""
    return Path(os.path.realpath(path))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder or leads to one; of what nobody may see it is taken, so that it is said there."""
    try:
        return entry.is_dir()
    except OSError as error:
        return isinstance(error, PermissionError)


def known_ids(record: PerformerRecord, place: str, origin: str) -> frozenset[str]:
    """Return all universal ids by which somebody is known: also by their folder's name alone, or in Stash alone."""
    alone = {FOLDER: folder_id(place), STASH: place}
    return ids_of(record) | {alone[origin]} if origin in alone else ids_of(record)


def fingerprint_of(path: Path) -> str:
    """Return what changes when a file is written or replaced; empty where it is not there."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


_LONGEST = 240
"""Characters of a folder's name that its id holds; of longer ones, which escapes make, a digest does the rest."""
_MUST_BE_ESCAPED = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|%(?=[0-9A-F]{2})")


def folder_id(name: str) -> str:
    """Return the universal id of somebody who is known by a folder's name only.

    Spellings of a name that look the same have the same id. Control characters, and bytes that are no text, are
    written as %XX.
    """
    composed = unicodedata.normalize("NFC", name)
    escaped = _MUST_BE_ESCAPED.sub(lambda match: _percent(match[0]), composed)
    if len(escaped) > _LONGEST:
        digest = hashlib.sha256(escaped.encode()).hexdigest()[:16]
        escaped = f"{escaped[:_LONGEST]}~{digest}"
    return universal_id("folder", escaped)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
