"""`DatabaseBuilder`: a source of performers -> a version of the performers database, whatever interrupts it."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stash_sense.errors import (
    BuildStateDamaged,
    Cancelled,
    DatabaseError,
    EverybodyForgotten,
    GalleryWithoutFaces,
    NotWritable,
    StashSenseError,
    StorageError,
)
from stash_sense.files import staged_folder, storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.media.ports import PictureReader
from stash_sense.performers.building.comparing import compare_faces, lookalike_notes
from stash_sense.performers.building.gathering import Gathered, gather
from stash_sense.performers.building.notes import ReferenceNote
from stash_sense.performers.building.portraits import PortraitFinder
from stash_sense.performers.building.replacing import check_name
from stash_sense.performers.building.sources import FOLDER, PerformerSource
from stash_sense.performers.building.state import BuildState
from stash_sense.performers.building.state_folder import others_than, set_aside, state_of, states_of
from stash_sense.performers.building.writing import PeopleWriter, Written
from stash_sense.performers.database import PackSpace
from stash_sense.performers.ids import STASH
from stash_sense.performers.manifest import Manifest, version_for
from stash_sense.performers.versions.forgotten import forgotten_ids
from stash_sense.performers.versions.installed import is_unharmed
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.performers.writer import Heading, VersionWriter
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.spec import MatchingConstants

_DESCRIBING = "1"
"""Changes whenever the code that describes pictures gives other vectors: all of them are made anew then."""
_IN_WORDS = {FOLDER: "a folder of pictures", STASH: "a Stash library"}
"""Where pictures come from, as a version tells everybody: where these are is nobody else's business."""


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
class BuildOptions:
    """What a build may be told.

    Attributes:
        version: name of the version; by default that of the day.
        out: folder to write the version to, missing or empty, instead of installing it.
        forgotten: universal ids to pass over, besides those that the performers folder remembers.
    """

    version: str | None = None
    out: Path | None = None
    forgotten: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made.

    Attributes:
        folder, manifest: of the version; of an unchanged one those of the installed version.
        unchanged: whether the installed version has this content already, so that nothing was installed.
        pictures: how many the source has: those described, reused, copies, and `left_out["bad_picture"]`.
        described: in how many the face was looked for now.
        reused: of how many it was known from before.
        copies: how many are the same file as another one.
        left_out: how many pictures were left out, by the code of the note that says why; second copies of a file,
            same_file, have no note.
        notes: what the user should know.
    """

    folder: Path
    manifest: Manifest
    unchanged: bool
    pictures: int
    described: int
    reused: int
    copies: int
    left_out: Mapping[str, int]
    notes: tuple[ReferenceNote, ...]

    @property
    def version(self) -> str:
        """Name of the version."""
        return self.manifest.version

    def summary(self) -> dict[str, Any]:
        """Tell it as JSON, without notes: those name people, who may be forgotten, and the state has them."""
        manifest = self.manifest
        return {
            "version": manifest.version,
            "pack": manifest.pack,
            "performer_count": manifest.performer_count,
            "face_count": manifest.face_count,
            "content": manifest.content,
            "unchanged": self.unchanged,
            "pictures": self.pictures,
            "described": self.described,
            "reused": self.reused,
            "copies": self.copies,
            "left_out": dict(self.left_out),
        }


class DatabaseBuilder:
    """Builds versions from sources.

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

    def build(
        self,
        source: PerformerSource,
        cancel: CancelToken,
        progress: ProgressListener = silent,
        options: BuildOptions | None = None,
    ) -> BuildReport:
        """Build a version and install it, unless the installed one has the same content.

        Raises:
            GalleryError, StashError, StashBoxError: the source cannot be used: not read, without
                pictures, or without faces. What was noticed until then are the error's own notes.
            PerformersWithoutPictures, EverybodyForgotten: nobody in it has a picture, or is not to be forgotten.
            PerformersLost: it went away in the middle; what was described until then stays known.
            SettingInvalid: no version can have the name that was asked for.
            VersionTaken: there is another version of that name.
            DatabaseUnwritten, StorageError: the disk said no.
            Cancelled: the token was set; what was described stays known.
        """
        options = options or BuildOptions()
        if options.version is not None:
            check_name(options.version, self._library if options.out is None else None)
        if options.out is not None:
            _check_empty(options.out)
        describer = f"{self._pack.space.pack} {self._pack.models} {_DESCRIBING}"
        with state_of(states_of(self._library), source, cancel, progress) as path:
            notes: list[ReferenceNote] = []
            while True:
                try:
                    with BuildState(path, source.identity, describer) as state:
                        if state.is_new and source.origins != {FOLDER}:
                            for other in others_than(path):
                                state.adopt(other)
                        return self._build(state, source, options, notes, cancel, progress)
                except BuildStateDamaged as error:
                    if any(note.code == "state_damaged" for note in notes):
                        raise
                    set_aside(path)
                    reason = error.fields["reason"]
                    message = f"What earlier builds knew of the {source.title} was lost ({reason}); all is made anew."
                    notes = [ReferenceNote("state_damaged", "", message)]
                except StashSenseError as error:
                    for note in notes:
                        error.add_note(note.message)
                    raise

    def _build(
        self,
        state: BuildState,
        source: PerformerSource,
        options: BuildOptions,
        notes: list[ReferenceNote],
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> BuildReport:
        forgotten = options.forgotten | forgotten_ids(self._library.folder)
        gathered = gather(state, source, self._portraits, forgotten, notes, cancel, progress)
        with self._written(state, source, options, gathered, notes, cancel, progress) as (written, staged):
            if options.out is not None:
                made, unchanged = staged, False
            else:
                made, unchanged = self._installed(staged, source, options.version, progress, cancel)
        folder = options.out or made.folder
        notes += self._compared(folder, made.manifest, state, source, cancel, progress)
        if options.forgotten | forgotten_ids(self._library.folder) == forgotten:  # of nobody who has gone meanwhile
            state.keep_notes(notes)
        return _report(folder, made.manifest, unchanged, gathered, written, notes)

    def _compared(
        self,
        folder: Path,
        manifest: Manifest,
        state: BuildState,
        source: PerformerSource,
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> list[ReferenceNote]:
        """Compare the faces of the version; it is in use by now, and stays so whatever comes of this."""
        space, constants = self._pack.space.space, self._pack.constants
        try:
            with contextlib.suppress(Cancelled):  # the next build compares what this one does not
                compare_faces(folder, manifest, state, space, constants, cancel, progress)
            return list(lookalike_notes(folder, state, source))
        except (DatabaseError, StorageError) as error:
            message = f"The faces were not compared with each other; the next build does it. {error}"
            return [ReferenceNote("not_compared", "", message)]

    @contextlib.contextmanager
    def _written(
        self,
        state: BuildState,
        source: PerformerSource,
        options: BuildOptions,
        gathered: Gathered,
        notes: list[ReferenceNote],
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> Iterator[tuple[Written, InstalledVersion]]:
        """Write a version aside; it is there until the block ends, or for good if it was asked for there."""
        with contextlib.ExitStack() as stack:
            if options.out is not None:
                folder = stack.enter_context(staged_folder(options.out))
                taken = self._library.versions()  # it may be imported here
            else:
                stack.enter_context(self._library.alone(cancel, progress))
                folder = stack.enter_context(self._library.staging())
                taken = self._library.versions()
            now = datetime.now(UTC)
            space = self._pack.space
            dims = [block.dim for block in space.space.blocks]
            heading = Heading(
                version=options.version or version_for(now, frozenset(taken)),
                created_at=now,
                pack=space.pack,
                embedders=tuple(zip(space.embedders, dims, strict=True)),
                sources=tuple(_IN_WORDS.get(origin, origin) for origin in sorted(source.origins)),
            )
            people = PeopleWriter(state, source, space.space, self._pack.constants.stranger_distance)
            # Read again: somebody may have been forgotten while the pictures were described.
            state.forget(options.forgotten | forgotten_ids(self._library.folder))
            gathered.count(state)
            with VersionWriter(folder, heading) as writer:
                written = people.write(writer, cancel, progress)
                if not written.faces and not written.notes:
                    raise EverybodyForgotten(path=source.title)
                if not written.faces:
                    raise GalleryWithoutFaces(path=f"the {source.title}", reason=written.notes[0].message.rstrip("."))
                notes += written.notes
                manifest = writer.finish()
            yield written, InstalledVersion(folder, manifest, None)

    def _installed(
        self,
        staged: InstalledVersion,
        source: PerformerSource,
        name: str | None,
        progress: ProgressListener,
        cancel: CancelToken,
    ) -> tuple[InstalledVersion, bool]:
        """Install a version, or find that the installed one is the same, whole and not to get another name."""
        current = None
        with contextlib.suppress(DatabaseError):  # what cannot be used is replaced
            current = self._library.current()
        same = current is not None and current.manifest.content == staged.manifest.content
        if (
            current is not None
            and same
            and name in (None, current.version)
            and is_unharmed(current, cancel, progress)
        ):
            return current, True
        origin = new_origin(source.title, built_here=True)
        return self._library.install(staged.folder, origin, progress), False


def _check_empty(folder: Path) -> None:
    """Make sure that a version can be written there, before hours of work."""
    with storage_errors(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise NotWritable(path=folder, reason="it is not an empty folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}."):
            pass


def _report(
    folder: Path,
    manifest: Manifest,
    unchanged: bool,
    gathered: Gathered,
    written: Written,
    notes: list[ReferenceNote],
) -> BuildReport:
    return BuildReport(
        folder=folder,
        manifest=manifest,
        unchanged=unchanged,
        pictures=gathered.pictures,
        described=gathered.described,
        reused=gathered.reused,
        copies=gathered.copies,
        left_out=dict(sorted(written.left_out.items())),
        notes=tuple(notes),
    )
