"""Whom a command may recognise: the installed performers database, another one, or a folder of pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stash_sense import __version__
from stash_sense.bootstrap import Services
from stash_sense.cli.notes import first_of_each_kind
from stash_sense.cli.present import print_warnings
from stash_sense.cli.progress import ProgressDisplay
from stash_sense.errors import InputUnreadable, PackDiffers
from stash_sense.identification.recognizer import Recognizer
from stash_sense.performers.known import KnownPeople
from stash_sense.performers.manifest import MANIFEST_NAME, Manifest
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary


@dataclass(frozen=True, slots=True)
class Recognition:
    """A pack made ready, and the people it may recognise."""

    recognizer: Recognizer
    people: KnownPeople


@contextmanager
def recognition(
    services: Services, gallery: Path | None, pack: str | None, progress: ProgressDisplay
) -> Iterator[Recognition]:
    """Make ready to recognise people until the block ends; what is odd about a gallery's pictures is said.

    Args:
        services: of this run.
        gallery: a folder of named folders of pictures, or of a database; None for the installed database.
        pack: the model pack the user names; else that of the settings, of the database, or the best one.
        progress: shows how far it is.

    Raises:
        DatabaseError: there is no database, or it cannot be used with that pack.
        GalleryError, InputError: the folder cannot be used.
        PackError: the pack cannot be used.
    """
    version = services.performers.require() if gallery is None else _version_in(gallery)
    if version is None and gallery is not None:
        with services.recognizing(pack) as recognizer:
            enrolment = recognizer.enrol(gallery, services.cancel, progress)
            print_warnings(first_of_each_kind(enrolment.notes), progress)
            yield Recognition(recognizer, enrolment.gallery)
    elif version is not None:
        made_with = version.manifest.pack
        wanted = pack or services.settings.pack or made_with
        if wanted != made_with:
            raise PackDiffers(made_with=made_with, pack=wanted)
        with services.recognizing(made_with) as recognizer:
            if gallery is None:
                with services.live.lease(services.cancel) as database:
                    yield Recognition(recognizer, database)
            else:
                with services.opened_gallery(version, progress) as database:
                    yield Recognition(recognizer, database)


def _version_in(folder: Path) -> InstalledVersion | None:
    """Return the database in a folder: a version's own, or a whole performers folder; None where it is no such."""
    if (folder / "current.json").is_file():
        return PerformersLibrary(folder).require()
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputUnreadable(path=path, reason=error.strerror) from error
    return InstalledVersion(folder, Manifest.read(content, folder, __version__), None)
