"""Job `database_build`: a performers database out of a folder of pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot
from stash_sense.kernel.progress import ProgressListener

if TYPE_CHECKING:
    from stash_sense.performers.building.build import DatabaseBuilder

_NOTES = 200
"""Notes that are kept with the job; the counts are of all of them."""


class BuildRequest(BaseModel):
    """What a build is given.

    Attributes:
        folder: one folder of pictures for each person, on the machine the service runs on.
        pack: model pack to describe faces with; by default the best that is installed.
        version: name of the version; by default that of the day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = Field(min_length=1, max_length=4096)
    pack: str | None = Field(default=None, max_length=64)
    version: str | None = Field(default=None, max_length=64)

    @field_validator("folder")
    @classmethod
    def _check_folder(cls, folder: str) -> str:
        """The folder that the service works in is not that of who asks."""
        if not folder.startswith(("/", "~")):
            raise ValueError("it must be the whole path, like /home/me/people")
        return folder


def database_build(
    builder: Callable[[str | None], DatabaseBuilder], derive: Callable[[ProgressListener], None]
) -> JobType[BuildRequest]:
    """Make the kind of job.

    Args:
        builder: makes a pack ready to build with.
        derive: makes what searching the version in use needs.
    """

    def run(context: JobContext[BuildRequest]) -> Mapping[str, Any]:
        # Imported here: what runs jobs starts with the service, and building needs numpy and much else.
        from stash_sense.performers.building.build import BuildOptions
        from stash_sense.performers.building.sources import FolderSource

        asked = context.payload
        context.progress("opening the models", 0)
        # What is described is kept by the build itself: a job that was killed goes on there, without a cursor.
        report = builder(asked.pack).build(
            FolderSource(Path(asked.folder).expanduser()),
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
        name="database_build",
        title="Build a performers database",
        what="Describes the pictures of a folder of people, those that are new, and puts the database into use.",
        slot=Slot.CPU_HEAVY,
        payload=BuildRequest,
        run=run,
    )
