"""Job `database_build`: a performers database out of a folder of pictures, the Stash, or stash-boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from stash_sense.errors import (
    GalleryError,
    JobPayloadInvalid,
    PerformersLost,
    ReplacementUnconfirmed,
    SettingInvalid,
    StashBoxBroken,
    StashBoxBusy,
    StashBoxConnectionLost,
    StashBoxError,
    StashBoxTimedOut,
    StashBoxUnreachable,
    StashConnectionLost,
    StashError,
    StashSenseError,
    StashTimedOut,
    StashUnreachable,
    VersionTaken,
)
from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot
from stash_sense.jobs.retries import PASSING, RetryPolicy
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.paths import typed_path
from stash_sense.kernel.progress import ProgressListener
from stash_sense.performers.building.sources import FOLDER
from stash_sense.performers.building.wanted import Wanted

if TYPE_CHECKING:
    from stash_sense.performers.building.build import DatabaseBuilder
    from stash_sense.performers.building.sources import PerformerSource
    from stash_sense.performers.versions.library import PerformersLibrary

DATABASE_BUILD = "database_build"
_PASSING = (
    *(PerformersLost, StashUnreachable, StashConnectionLost, StashTimedOut, StashBoxUnreachable),
    *(StashBoxConnectionLost, StashBoxTimedOut, StashBoxBroken, StashBoxBusy),
)
"""What may be over when it is tried again: the build goes on where it was."""


def _one_or_several(said: Any) -> Any:
    """Take one text for a list of one."""
    return [said] if isinstance(said, str) else said


class BuildRequest(BaseModel):
    """What a build is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="Whole path of a folder with one folder of pictures for each person, where the service runs.",
    )
    from_stash: bool = Field(
        default=False, description="Whether to build of the performers of the Stash that the service knows."
    )
    from_stashbox: Annotated[list[str], BeforeValidator(_one_or_several)] = Field(
        default_factory=list,
        max_length=20,
        description="Stash-boxes to build of: their addresses, domains, or names in Stash.",
    )
    mine: bool = Field(default=False, description="Of the stash-boxes only the people whom the Stash has, too.")
    images: bool = Field(
        default=True,
        description="Of the Stash also images that show one performer only, not only their own pictures.",
    )
    most_pictures: int | None = Field(
        default=None, ge=1, le=1000, description="Pictures of one performer at most, from each of these servers."
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
    def _check_folder(cls, folder: str | None) -> str | None:
        """The folder that the service works in is not that of who asks."""
        if folder is None:
            return None
        if not folder.startswith(("/", "~")):
            raise ValueError("it must be the whole path, like /home/me/people")
        try:
            typed_path(folder)
        except SettingInvalid as error:
            raise ValueError(str(error.fields["reason"])) from error
        return folder

    @property
    def wanted(self) -> Wanted:
        """What to build of."""
        folder = typed_path(self.folder) if self.folder is not None else None
        return Wanted(folder, self.from_stash, tuple(self.from_stashbox), self.mine, self.images, self.most_pictures)


def check_build(
    asked: BuildRequest,
    source: PerformerSource,
    library: PerformersLibrary,
    cancel: CancelToken,
) -> None:
    """Check that a build can begin, and takes the place of nothing that its user may want to keep; reads no pictures.

    Raises:
        JobPayloadInvalid: the folder is none, or cannot be listed; or no version may be called so.
        PerformersWithoutPictures: there is nobody in it.
        StashError, StashBoxError: what it is to be built of cannot be asked.
        ReplacementUnconfirmed: it would replace what was made of something else, and nobody has said that it may.
        Cancelled: the token was set.
    """
    from stash_sense.performers.building.replacing import check_name, replacement_of

    try:
        if asked.version is not None:
            check_name(asked.version, library)
    except (SettingInvalid, VersionTaken) as error:
        raise _refused("version", error) from error
    try:
        replacement = replacement_of(library, source, cancel)
    except GalleryError as error:
        raise _refused("folder", error) from error
    if replacement is not None and not asked.replace:
        raise ReplacementUnconfirmed(
            version=replacement.version,
            performers=replacement.performers,
            source=asked.wanted.folder if source.origins == {FOLDER} else f"the {source.title}",
            people=replacement.people,
        )


def _refused(field: str, error: StashSenseError) -> JobPayloadInvalid:
    return JobPayloadInvalid(type=DATABASE_BUILD, field=field, reason=str(error).rstrip("."))


def database_build(
    require_pack: Callable[[str | None], None],
    source_of: Callable[[Wanted], PerformerSource],
    builder: Callable[[str | None], DatabaseBuilder],
    derive: Callable[[ProgressListener], None],
    library: Callable[[], PerformersLibrary],
    cancel: CancelToken,
) -> JobType[BuildRequest]:
    """Make the kind of job.

    Args:
        require_pack: raises PackError where a pack is not installed.
        source_of: puts together what is to be built of; raises StashError or StashBoxError where that cannot be had.
        builder: makes a pack ready to build with.
        derive: makes what searching the version in use needs.
        library: the installed versions.
        cancel: set when the program shall end.
    """

    def check(asked: BuildRequest) -> None:
        if asked.wanted.problem is not None:
            field, reason = asked.wanted.problem
            raise JobPayloadInvalid(type=DATABASE_BUILD, field=field, reason=reason)
        try:
            check_build(asked, source_of(asked.wanted), library(), cancel)
        except StashBoxError as error:
            raise _refused("from_stashbox", error) from error
        except StashError as error:
            raise _refused("from_stash" if asked.from_stash else "from_stashbox", error) from error
        require_pack(asked.pack)

    def run(context: JobContext[BuildRequest]) -> Mapping[str, Any]:
        # Imported here: what runs jobs starts with the service, and building needs numpy and much else.
        from stash_sense.performers.building.build import BuildOptions

        asked = context.payload
        source = source_of(asked.wanted)
        check_build(asked, source, library(), context.cancel)  # the job may have waited for long
        context.progress("opening the models", 0)
        # What is described is kept by the build itself: a job that was killed goes on there, without a cursor.
        report = builder(asked.pack).build(
            source,
            context.cancel,
            context.listen,
            BuildOptions(version=asked.version),
        )
        derive(context.listen)
        return {**report.summary(), "note_counts": dict(Counter(note.code for note in report.notes))}

    return JobType(
        name=DATABASE_BUILD,
        title="Build a performers database",
        what="Describes the pictures of people, those that are new, and puts the database into use.",
        slot=Slot.CPU_HEAVY,
        payload=BuildRequest,
        run=run,
        check=check,
        retries=RetryPolicy(passing=(*PASSING, *_PASSING)),
    )
