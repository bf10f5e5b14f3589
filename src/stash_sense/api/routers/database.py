"""The performers database: what is in use, newer versions, and going back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from stash_sense.api.routers.queue import Begun
from stash_sense.api.state import ServicesHere
from stash_sense.bootstrap import Services
from stash_sense.errors import JobTypeBusy, SettingInvalid, StashSenseError
from stash_sense.jobs.job import ACTIVE
from stash_sense.operations.database_update import NO_SOURCE, CheckRequest, UpdateRequest
from stash_sense.releases.status import UpdateState

router = APIRouter(prefix="/database", tags=["database"])


class Provenance(BaseModel):
    """How a version came to be here, and who vouches for it."""

    signed: bool
    signed_by: str | None
    reduced_from: str | None
    built_here: bool
    installed_from: str | None
    installed_at: datetime | None


class DatabaseAnswer(Provenance):
    """The version of the performers database in use, as `stash-sense db info --json` tells it."""

    schema_: int = Field(alias="schema")
    version: str
    pack: str
    embedders: list[str]
    performer_count: int
    face_count: int
    sources: list[str]
    created_at: datetime
    imported_from: str | None
    bytes: int
    content: str
    folder: str
    previous: str | None


class RollbackAnswer(DatabaseAnswer):
    """The version that is in use now; `notes` say what stands in the way of using it."""

    notes: list[str]


class VersionAnswer(Provenance):
    """A version that is installed, with what `DatabaseAnswer` tells of the one in use.

    Attributes:
        in_use: whether requests are answered from it.
        goes_back_to: whether going back would put it into use.
        whole: whether all its files are there, in their sizes; what it holds is null where that cannot be read.
    """

    version: str
    in_use: bool
    goes_back_to: bool
    whole: bool
    pack: str | None = None
    performer_count: int | None = None
    face_count: int | None = None
    created_at: datetime | None = None
    bytes: int | None = None


class VersionsAnswer(BaseModel):
    """All installed versions, newest first, as `stash-sense db versions --json` tells them."""

    schema_: int = Field(alias="schema")
    versions: list[VersionAnswer]


class UpdateAnswer(BaseModel):
    """How far the update at work is, or how the last one ended.

    Attributes:
        percent: of the whole, 0 to 100; never goes back while an update runs.
        current: version in use.
        target: version that is being installed, once known.
        code, reason: why the last update ended early; empty where it did not.
        job_id: the job that is active; null where none is.
    """

    state: UpdateState
    percent: float
    current: str | None
    target: str | None
    code: str
    reason: str
    job_id: int | None


@router.get("/info")
def database_info(services: ServicesHere) -> DatabaseAnswer:
    """Tell which version is in use, what is in it, and where it comes from; 503 where there is none."""
    from stash_sense.reports.installed import version_document

    document = version_document(services.performers.require(), services.performers)
    return DatabaseAnswer.model_validate(document)


@router.get("/versions")
def database_versions(services: ServicesHere) -> VersionsAnswer:
    """List the installed versions, damaged ones included."""
    from stash_sense.reports.installed import versions_document

    return VersionsAnswer.model_validate(versions_document(services.performers))


@router.post("/check", status_code=202)
def check_database(services: ServicesHere, response: Response, request: CheckRequest | None = None) -> Begun:
    """Look whether there is a newer version; the job's result tells."""
    return _begun(services, response, "database_check", request or CheckRequest())


@router.post("/update", status_code=202)
def update_database(services: ServicesHere, response: Response, request: UpdateRequest | None = None) -> Begun:
    """Take the newest version, if it is newer; answers with the active job (200) where there is one."""
    return _begun(services, response, "database_update", request or UpdateRequest())


@router.get("/update/status")
def update_status(services: ServicesHere) -> UpdateAnswer:
    """Tell how far the update is that this service is at, or how the last one ended."""
    status = services.updater.status()
    active = services.queue.page(None, 1, ACTIVE, ("database_update",)).jobs
    return UpdateAnswer(
        state=status.state,
        percent=status.percent,
        current=services.performers.name_in_use(),
        target=status.target,
        code=status.code,
        reason=status.reason,
        job_id=active[0].id if active else None,
    )


@router.post("/rollback")
def roll_back_database(services: ServicesHere) -> RollbackAnswer:
    """Go back to the version before; once more, and the newer one is in use again."""
    from stash_sense.reports.installed import version_document

    with services.performers.alone():
        installed = services.performers.rollback(services.cancel)
    notes = []
    try:
        services.live.follow()
    except StashSenseError as error:  # it is in use all the same: asked again, it would be taken back
        notes = [f"Version {installed.version} is in use, but this service cannot open it. {error}"]
    return RollbackAnswer.model_validate({**version_document(installed, services.performers), "notes": notes})


def _begun(services: Services, response: Response, kind: str, request: CheckRequest | UpdateRequest) -> Begun:
    """Begin a job that asks a source of releases.

    Raises:
        SettingInvalid: no source is named, and none is set.
        SourceUnknown: it is no source.
        JobTypeBusy: one is active that was given something else.
    """
    place = request.source or services.configuration.get("database_source")
    if not place:
        raise SettingInvalid(name="source", value="nothing", reason=NO_SOURCE)
    payload: Mapping[str, Any] = request.model_dump(mode="json")
    job, is_new = services.queue.submit(kind, payload)
    if not is_new and dict(job.payload) != payload:
        raise JobTypeBusy(title=job.title, job=job.id)
    response.status_code = 202 if is_new else 200
    return Begun(job_id=job.id, status=job.status, new=is_new)
