"""Does it work on my library: the report about what is tagged already."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from stash_sense.api.routers.queue import Begun
from stash_sense.api.state import ServicesHere
from stash_sense.errors import JobTypeBusy
from stash_sense.jobs.job import ACTIVE, JobStatus
from stash_sense.operations.library_report import LIBRARY_REPORT, ReportRequest
from stash_sense.scanning.report_document import LibraryReportDocument

router = APIRouter(prefix="/report", tags=["report"])


class LastReport(BaseModel):
    """The last report.

    Attributes:
        report: null where none was made, or its job is no longer in the history.
        job_id, made_at: of the job that made it.
        active_job_id: of the one that makes another at the moment; null where none does.
    """

    report: LibraryReportDocument | None = None
    job_id: int | None = None
    made_at: datetime | None = None
    active_job_id: int | None = None


@router.get("")
def last_report(services: ServicesHere) -> LastReport:
    """Give the last report that was made."""
    queue = services.queue
    done = queue.page(None, 1, (JobStatus.COMPLETED,), (LIBRARY_REPORT,)).jobs
    active = queue.page(None, 1, ACTIVE, (LIBRARY_REPORT,)).jobs
    found = LastReport(active_job_id=active[0].id if active else None)
    if done and done[0].result is not None:
        found.report = LibraryReportDocument.model_validate(dict(done[0].result))
        found.job_id, found.made_at = done[0].id, done[0].completed_at
    return found


@router.post("", status_code=202)
def make_report(services: ServicesHere, response: Response, request: ReportRequest | None = None) -> Begun:
    """Begin to make a report; answers with the active job (200) where there is one."""
    payload: Mapping[str, Any] = (request or ReportRequest()).model_dump(mode="json")
    job, is_new = services.queue.submit(LIBRARY_REPORT, payload)
    if not is_new and dict(job.payload) != payload:
        raise JobTypeBusy(title=job.title, job=job.id)
    response.status_code = 202 if is_new else 200
    return Begun(job_id=job.id, status=job.status, new=is_new)
