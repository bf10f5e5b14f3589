"""`DatabaseBuilder`: a source of performers -> a version of the performers database, whatever interrupts it."""

import contextlib
import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import filelock

from stash_sense.errors import (
    BuildRunning,
    BuildStateDamaged,
    Cancelled,
    DatabaseError,
    GalleryWithoutFaces,
    GalleryWithoutPeople,
    NotWritable,
)
from stash_sense.files import staged_folder, storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.media.ports import PictureReader
from stash_sense.performers.building.comparing import compare_faces, lookalike_notes
from stash_sense.performers.building.portraits import PortraitFinder
from stash_sense.performers.building.state import BuildState
from stash_sense.performers.building.state_file import states_in
from stash_sense.performers.building.writing import PeopleWriter, Written
from stash_sense.performers.database import PackSpace
from stash_sense.performers.forgetting import forgotten_ids
from stash_sense.performers.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.performers.manifest import Manifest, version_for
from stash_sense.performers.notes import ReferenceNote
from stash_sense.performers.sources import PerformerSource
from stash_sense.performers.writer import Heading, VersionWriter
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.spec import MatchingConstants

_DESCRIBING = "1"
"""Changes whenever the code that describes pictures gives other vectors: all of them are made anew then."""
_PATIENCE = 0.5
"""Seconds between two looks at whether somebody asked to stop, while another process builds from the same source."""
@dataclass(frozen=True, slots=True)
class BuildingPack:
    """The model pack that a database is built with.

    Attributes:
        space: its id, embedders and space.
        finder: its models.
        constants: where it decides.
        models: digest of all that decides which vectors the models give.
    """

    space: PackSpace
    finder: FaceFinder
    constants: MatchingConstants
    models: str


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made.

    Attributes:
        version: name of the version; of an unchanged one that of the installed version.
        folder: where it is.
        manifest: its manifest.
        unchanged: whether the installed version has this content already, so that nothing was installed.
        pictures: how many the source has.
        described, reused: of how many the face was looked for now, and of how many that was known.
        left_out: how many were left out, by the code of the note that says why; same_file has none.
        notes: what the user should know.
    """

    version: str
    folder: Path
    manifest: Manifest
    unchanged: bool
    pictures: int
    described: int
    reused: int
    left_out: Mapping[str, int]
    notes: tuple[ReferenceNote, ...]


@dataclass(slots=True)
class _Done:
    """How far a build is."""

    notes: list[ReferenceNote] = field(default_factory=list)
    pictures: int = 0
    described: int = 0
    reused: int = 0


class DatabaseBuilder:
    """Builds versions from sources and installs them.

    What was done is kept below the performers folder, so that a build that was stopped goes on where it was, and a
    later one describes only pictures that are new or changed.

    Args:
        library: where versions are installed.
        pictures: reads pictures.
        pack: describes them.
    """

    def __init__(self, library: PerformersLibrary, pictures: PictureReader, pack: BuildingPack) -> None:
        self._library = library
        self._portraits = PortraitFinder(pictures, pack.finder)
        self._pack = pack
        self._describer = f"{pack.space.pack} {pack.models} {_DESCRIBING}"

    def build(
        self,
        source: PerformerSource,
        cancel: CancelToken,
        progress: ProgressListener = silent,
        *,
        version: str | None = None,
        out: Path | None = None,
        forgotten: frozenset[str] = frozenset(),
    ) -> BuildReport:
        """Build a version and install it, unless the installed one has the same content.

        Args:
            source: of the performers.
            cancel: ends the build; what was described stays known.
            progress: told what is done.
            version: name of the version; by default that of the day.
            out: folder to write the version to, missing or empty, instead of installing it.
            forgotten: universal ids to pass over, besides those that the performers folder remembers.

        Raises:
            GalleryError, InputError: the source cannot be used: not read, without pictures, or without faces.
            BuildRunning: another process builds from this source, and there is no token by which to end waiting.
            VersionTaken: there is another version of this name.
            DatabaseUnwritten, StorageError: the disk said no.
            Cancelled: the token was set.
        """
        if out is not None:
            _check_empty(out)
        name = hashlib.sha256(source.identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        path = states_in(self._library.folder) / f"{name}.db"
        with _alone(path, source, cancel, progress):
            done = _Done()
            for last in (False, True):
                try:
                    with BuildState(path, source.identity, self._describer) as state:
                        self._fill(state, source, done, forgotten, cancel, progress)
                        return self._finish(state, source, done, version, out, forgotten, cancel, progress)
                except BuildStateDamaged as error:
                    if last:
                        raise
                    _set_aside(path)
                    message = f"What earlier builds knew was lost ({error.fields['reason']}); all is described anew."
                    done = _Done([ReferenceNote("state_damaged", "", message)])
        raise AssertionError

    def _fill(
        self,
        state: BuildState,
        source: PerformerSource,
        done: _Done,
        forgotten: frozenset[str],
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> None:
        """List the source and describe what is new."""
        state.begin()
        passed_over = forgotten | forgotten_ids(self._library.folder)
        for count, performer in enumerate(source.performers(cancel)):
            cancel.raise_if_cancelled()
            record = performer.record.storable()
            progress(Progress("listing", count, note=record.name))
            done.notes += [ReferenceNote("bad_description", record.name, fault) for fault in performer.faults]
            if record.universal_id in passed_over:
                state.forget(record.universal_id)
                message = f'"{record.name}" is to be forgotten and was passed over; `stash-sense db forget` says more.'
                done.notes.append(ReferenceNote("forgotten", record.name, message))
                continue
            place = state.note(replace(performer, record=record))
            if place is not None:
                message = (
                    f'"{performer.place}" and "{place}" are the same person by name or id ({record.universal_id}); '
                    "the first was left out. Move all the pictures to one."
                )
                done.notes.append(ReferenceNote("same_performer", record.name, message))
        done.pictures, due = state.counts()
        if not done.pictures:
            raise GalleryWithoutPeople(path=source.title)
        done.reused = done.pictures - due
        self._describe(state, source, done, cancel, progress)
        state.drop_vanished()

    def _describe(
        self,
        state: BuildState,
        source: PerformerSource,
        done: _Done,
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> None:
        count = done.reused
        who: dict[str, str] = {}

        def pictures() -> Iterator[SourcePicture]:
            for person, picture in state.due():
                who[picture.key] = person
                yield picture

        progress(Progress("describing", count, done.pictures))
        with contextlib.closing(self._portraits.portraits(pictures(), source, cancel, state.is_described)) as portraits:
            for portrait in portraits:
                state.keep(portrait)
                count += 1
                done.described += bool(portrait.sha256) and not portrait.known
                done.reused += portrait.known
                name = state.name_of(who.pop(portrait.picture.key))
                progress(Progress("describing", count, done.pictures, name))
                cancel.raise_if_cancelled()

    def _finish(
        self,
        state: BuildState,
        source: PerformerSource,
        done: _Done,
        version: str | None,
        out: Path | None,
        forgotten: frozenset[str],
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> BuildReport:
        """Write what is known, put it into place, and say what was noticed."""
        raise NotImplementedError


@contextlib.contextmanager
def _alone(path: Path, source: PerformerSource, cancel: CancelToken, progress: ProgressListener) -> Iterator[None]:
    """Keep other processes from building from the same source; they wait until they are told to stop."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path.with_suffix(".lock"))
        while not lock.is_locked:
            try:
                lock.acquire(timeout=_PATIENCE)
            except filelock.Timeout:
                cancel.raise_if_cancelled()
                progress(Progress("waiting", 0, note=f"another process is building from {source.title}"))
    try:
        yield
    finally:
        lock.release()
