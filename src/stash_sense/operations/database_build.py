"""Job `database_build`: a performers database out of a folder of pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stash_sense.errors import GalleryError, InputError, JobPayloadInvalid, ReplacementUnconfirmed, SettingInvalid
from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.paths import typed_path
from stash_sense.kernel.progress import ProgressListener

if TYPE_CHECKING:
    from stash_sense.performers.building.build import DatabaseBuilder
    from stash_sense.performers.versions.library import PerformersLibrary

DATABASE_BUILD = "database_build"
_NOTES = 200
"""Notes that are kept with the job; the counts are of all of them."""


class BuildRequest(BaseModel):
    """What a build is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = Field(
        min_length=1,
        max_length=4096,
        description="Whole path of a folder with one folder of pictures for each person, where the service runs.",
    )
    pack: str | None = Field(
        default=None,
        max_length=64,
        description="Model pack to describe faces with; without it the best that is installed.",
    )
    version: str | None = Field(
        default=None, max_length=64, description="Name of the version; without it that of the day."
    )
    replace: bool = Field(
        default=False,
        description="Whether a database in use may give way that was made of something else, or is far larger.",
    )

    @field_validator("folder")
    @classmethod
    def _check_folder(cls, folder: str) -> str:
        """The folder that the service works in is not that of who asks."""
        if not folder.startswith(("/", "~")):
            raise ValueError("it must be the whole path, like /home/me/people")
        try:
            typed_path(folder)
        except SettingInvalid as error:
            raise ValueError(str(error.fields["reason"])) from error
        return folder


def check_build(asked: BuildRequest, library: PerformersLibrary, cancel: CancelToken) -> None:
    """Check that a build can begin, and takes the place of nothing that its user may want to keep; reads no pictures.

    Raises:
        JobPayloadInvalid: the folder is none, or cannot be listed.
        ReplacementUnconfirmed: it would replace what was made of something else, and nobody has said that it may.
        Cancelled: the token was set.
    """
    from stash_sense.performers.building.replacing import replacement_of
    from stash_sense.performers.building.sources import FolderSource

    folder = typed_path(asked.folder)
    try:
        replacement = replacement_of(library, FolderSource(folder), cancel)
    except (GalleryError, InputError) as error:
        reason = str(error).rstrip(".")
        raise JobPayloadInvalid(type=DATABASE_BUILD, field="folder", reason=reason) from error
    if replacement is not None and not asked.replace:
        raise ReplacementUnconfirmed(
            version=replacement.version,
            performers=replacement.performers,
            folder=folder,
            people=replacement.people,
        )


def database_build(
    require_pack: Callable[[str | None], None],
    builder: Callable[[str | None], DatabaseBuilder],
    derive: Callable[[ProgressListener], None],
    library: Callable[[], PerformersLibrary],
    cancel: CancelToken,
) -> JobType[BuildRequest]:
    """Make the kind of job.

    Args:
        require_pack: raises PackError where a pack is not installed.
        builder: makes a pack ready to build with.
        derive: makes what searching the version in use needs.
        library: the installed versions.
        cancel: set when the program shall end.
    """

    def check(asked: BuildRequest) -> None:
        check_build(asked, library(), cancel)
        require_pack(asked.pack)

    def run(context: JobContext[BuildRequest]) -> Mapping[str, Any]:
        # Imported here: what runs jobs starts with the service, and building needs numpy and much else.
        from stash_sense.performers.building.build import BuildOptions
        from stash_sense.performers.building.sources import FolderSource

        asked = context.payload
        check_build(asked, library(), context.cancel)  # the job may have waited for long
        context.progress("opening the models", 0)
        # What is described is kept by the build itself: a job that was killed goes on there, without a cursor.
        report = builder(asked.pack).build(
            FolderSource(typed_path(asked.folder)),
            context.cancel,
            context.listen,
            BuildOptions(version=asked.version),
        )
        derive(context.listen)
        manifest = report.manifest
        return {
            "version": manifest.version,
            "pack": manifest.pack,
            "performer_count": manifest.performer_count,
            "face_count": manifest.face_count,
            "unchanged": report.unchanged,
            "pictures": report.pictures,
            "described": report.described,
            "reused": report.reused,
            "left_out": dict(report.left_out),
            "note_counts": dict(Counter(note.code for note in report.notes)),
            "notes": [
                {"code": note.code, "person": note.person, "message": note.message} for note in report.notes[:_NOTES]
            ],
        }

    return JobType(
        name=DATABASE_BUILD,
        title="Build a performers database",
        what="Describes the pictures of a folder of people, those that are new, and puts the database into use.",
        slot=Slot.CPU_HEAVY,
        payload=BuildRequest,
        run=run,
        check=check,
    )
