"""Jobs `database_check` and `database_update`: is there a newer performers database, and taking it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from stash_sense.errors import SettingInvalid
from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Priority, Slot

if TYPE_CHECKING:
    from stash_sense.releases.ports import ReleaseSource
    from stash_sense.releases.updater import Updater

_DAY = 24 * 3600.0
NO_SOURCE = (
    "no source of releases is set; type `stash-sense settings set database_source …` with a folder, an https address "
    "or owner/name on GitHub"
)
_SOURCE = "A folder, an https address, or owner/name on GitHub; without it the setting database_source."
_PRE_RELEASES = "Take versions that are meant for trying out, too."


class UpdateRequest(BaseModel):
    """What an update may be given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = Field(default=None, max_length=2000, description=_SOURCE)
    pre_releases: bool = Field(default=False, description=_PRE_RELEASES)
    allow_unsigned: bool = Field(default=False, description="Take a release that nobody signed.")
    replace: bool = Field(default=False, description="Whether a database in use may give way that was built here.")


class CheckRequest(BaseModel):
    """What a check may be given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = Field(default=None, max_length=2000, description=_SOURCE)
    pre_releases: bool = Field(default=False, description=_PRE_RELEASES)


class DatabaseUpdates:
    """Makes the two kinds of jobs.

    Args:
        updater: returns what does the work.
        source_of: turns what the user wrote into a source.
        configured: returns the source of the settings; None where there is none.
    """

    def __init__(
        self,
        updater: Callable[[], Updater],
        source_of: Callable[[str], ReleaseSource],
        configured: Callable[[], str | None],
    ) -> None:
        self._updater = updater
        self._source_of = source_of
        self._configured = configured

    def check_type(self) -> JobType[CheckRequest]:
        """The job that only looks; the one kind that is scheduled from the start."""
        return JobType(
            name="database_check",
            title="Look for a newer performers database",
            what="Asks the source of releases whether there is a newer version; installs nothing.",
            slot=Slot.NETWORK,
            payload=CheckRequest,
            run=self._check,
            check=lambda asked: self._look_at(asked.source),
            priority=Priority.LOW,
            interval_seconds=_DAY,
            jitter_seconds=3600.0,
            scheduled=True,
        )

    def update_type(self) -> JobType[UpdateRequest]:
        """The job that installs."""
        return JobType(
            name="database_update",
            title="Update the performers database",
            what="Downloads the newest release, checks it, and puts it into use; the one before is kept.",
            slot=Slot.NETWORK,
            payload=UpdateRequest,
            run=self._update,
            check=lambda asked: self._look_at(self._required(asked.source)),
            priority=Priority.HIGH,
            interval_seconds=7 * _DAY,
            jitter_seconds=3600.0,
        )

    def _look_at(self, named: str | None) -> None:
        """Say so where what is named, or set, is no source; raises as `source_of`."""
        if place := named or self._configured():
            self._source_of(place)

    def _required(self, named: str | None) -> str:
        place = named or self._configured()
        if place is None:
            raise SettingInvalid(name="source", value="nothing", reason=NO_SOURCE)
        return place

    def _check(self, context: JobContext[CheckRequest]) -> Mapping[str, Any]:
        asked = context.payload
        place = asked.source or self._configured()
        if place is None:  # the check runs every day also where nobody has named a source
            return {"checked": False, "reason": NO_SOURCE}
        source = self._source_of(place)
        found = self._updater().check(source, context.cancel, prereleases=asked.pre_releases)
        return {"checked": True, **found.document()}

    def _update(self, context: JobContext[UpdateRequest]) -> Mapping[str, Any]:
        asked = context.payload
        place = self._required(asked.source)
        updater = self._updater()
        installed = updater.update(
            self._source_of(place),
            context.cancel,
            context.listen,
            prereleases=asked.pre_releases,
            allow_unsigned=asked.allow_unsigned,
            replace=asked.replace,
        )
        if installed is None:
            return {"updated": False, "version": updater.status().current}
        notes = [{"code": note.code, "message": note.message, "count": note.count} for note in installed.notes]
        return {"updated": True, "version": installed.version.version, "notes": notes}
