"""Job `library_scan`: who is in the scenes and images of Stash, those that are new or have changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stash_sense.errors import (
    StashBroken,
    StashConnectionLost,
    StashDatabaseLocked,
    StashMigrationNeeded,
    StashMisplaced,
    StashSetupNeeded,
    StashTimedOut,
    StashUnreachable,
)
from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Priority, Slot
from stash_sense.jobs.retries import PASSING, RetryPolicy

if TYPE_CHECKING:
    from stash_sense.scanning.scope import ScanScope

LIBRARY_SCAN = "library_scan"
_DAY = 24 * 3600.0
_NAME = "its name or id in Stash"
_RETRIES = RetryPolicy(
    # Stash restarts, or waits for its user: it is asked again for a night.
    max_attempts=40,
    longest_seconds=900.0,
    passing=(
        *PASSING,
        StashUnreachable,
        StashConnectionLost,
        StashTimedOut,
        StashBroken,
        StashDatabaseLocked,
        StashMigrationNeeded,
        StashSetupNeeded,
        StashMisplaced,
    ),
)


class ScanRequest(BaseModel):
    """What a scan is given: what is scanned, and what of it is looked at again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenes: bool = Field(default=True, description="Scan scenes.")
    images: bool = Field(default=True, description="Scan images, and with them galleries.")
    saved_filter: str = Field(
        default="", max_length=500, description=f"Only what a saved filter of Stash finds: {_NAME}."
    )
    tag: str = Field(default="", max_length=500, description=f"Only those with this tag, or one below it: {_NAME}.")
    studio: str = Field(
        default="", max_length=500, description=f"Only what is of this studio, or one below it: {_NAME}."
    )
    path: str = Field(
        default="", max_length=4000, description="Only files with this in their path, as Stash sees it."
    )
    unorganized: bool = Field(default=False, description="Leave out what is marked as organized.")
    newest_first: bool = Field(default=False, description="Begin with what was added last.")
    only_new: bool = Field(
        default=False, description="Begin with what was added last, and end where nothing is new any more."
    )
    limit: int | None = Field(
        default=None, ge=1, description="Look at so many at most; what need not be looked at is not counted."
    )
    retry_failed: bool = Field(default=False, description="Look again at what could not be looked at.")
    from_start: bool = Field(default=False, description="Look again at everything.")

    @model_validator(mode="after")
    def _check(self) -> ScanRequest:
        if not self.scenes and not self.images:
            raise ValueError("nothing is left to scan: take scenes, images or both")
        return self

    def scope(self) -> ScanScope:
        """Say what is scanned."""
        from stash_sense.library.kinds import IMAGES, SCENES
        from stash_sense.scanning.scope import ScanScope

        kinds = ((SCENES, self.scenes), (IMAGES, self.images))
        return ScanScope(
            kinds=tuple(kind.name for kind, wanted in kinds if wanted),
            saved_filter=self.saved_filter,
            tag=self.tag,
            studio=self.studio,
            path=self.path,
            unorganized=self.unorganized,
            newest_first=self.newest_first,
            only_new=self.only_new,
            limit=self.limit,
        )


NEW_ONLY = ScanRequest(only_new=True)
"""What is scanned when Stash has looked for new files."""


def library_scan(
    check: Callable[[ScanScope], None], scan: Callable[[JobContext[ScanRequest], ScanScope], Mapping[str, Any]]
) -> JobType[ScanRequest]:
    """Make the kind of job.

    Args:
        check: raises where a scan cannot be done.
        scan: does one, and tells what was done.
    """
    return JobType(
        name=LIBRARY_SCAN,
        title="Scan the library",
        what="Looks who is in scenes and images of Stash that are new or have changed, and recommends whom to tag.",
        slot=Slot.CPU_HEAVY,
        payload=ScanRequest,
        run=lambda context: scan(context, context.payload.scope()),
        check=lambda asked: check(asked.scope()),
        priority=Priority.LOW,
        interval_seconds=_DAY,
        jitter_seconds=3600.0,
        retries=_RETRIES,
    )
