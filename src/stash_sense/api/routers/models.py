"""The model packs."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict

from stash_sense.api.routers.queue import Begun, JobDocument
from stash_sense.api.state import ServicesHere, StateHere
from stash_sense.errors import LicenceNotAccepted
from stash_sense.jobs.job import ACTIVE, AT_WORK, Job
from stash_sense.jobs.queue import MOST_PER_PAGE, JobQueue

router = APIRouter(prefix="/models", tags=["models"])

_DOWNLOAD = "model_download"


class PackAnswer(BaseModel):
    """One model pack, as `stash-sense models info --json` tells it."""

    model_config = ConfigDict(extra="allow")

    id: str
    title: str | None
    state: str
    reason: str
    what_to_type: str
    default: bool
    outdated: bool
    files: list[dict[str, Any]]


class ModelsAnswer(BaseModel):
    """All packs of the catalogue, then those that the user made."""

    packs: list[PackAnswer]


class Download(BaseModel):
    """How a pack is to be fetched: whether its licence was accepted."""

    model_config = ConfigDict(extra="forbid")

    accept_licence: bool = False


class DownloadProgress(BaseModel):
    """The download at work, else the one that is next; null where there is none."""

    job: JobDocument | None


@router.get("/status")
def models_status(state: StateHere) -> ModelsAnswer:
    """Tell which packs are installed and whole, file by file."""
    return ModelsAnswer.model_validate({"packs": state.packs.get()})


@router.post("/download/{pack}", status_code=202)
def download_pack(
    services: ServicesHere,
    response: Response,
    pack: Annotated[str, Path(max_length=64, description="Id of the pack.")],
    download: Download | None = None,
) -> Begun:
    """Fetch and install a pack, unless it is there; answers with the active job (200) where there is one."""
    from stash_sense.models.store import PackState

    accepted = download is not None and download.accept_licence
    entry = services.packs.catalogue.entry(pack)  # says so where there is none
    if entry.must_accept and not accepted and services.packs.status(pack).state is not PackState.INSTALLED:
        raise LicenceNotAccepted(pack=pack, licence=entry.licence_text.rstrip("."))
    queue = services.queue
    active = [job for job in _downloads(queue) if job.payload.get("pack") == pack]
    if active:
        response.status_code = 200
        return Begun(job_id=active[0].id, status=active[0].status, new=False)
    job, _ = queue.submit(_DOWNLOAD, {"pack": pack, "accept_licence": accepted})
    return Begun(job_id=job.id, status=job.status, new=True)


@router.get("/download-progress")
def download_progress(services: ServicesHere) -> DownloadProgress:
    """Tell how far the download of a pack is."""
    queue = services.queue
    active = _downloads(queue)
    job = next((job for job in active if job.status in AT_WORK), next(iter(active), None))
    if job is None:
        return DownloadProgress(job=None)
    return DownloadProgress(job=JobDocument.of(job, queue.progress(job.id), queue.place(job.id)))


def _downloads(queue: JobQueue) -> list[Job]:
    """Return the active downloads, oldest first."""
    return list(reversed(queue.page(None, MOST_PER_PAGE, ACTIVE, (_DOWNLOAD,)).jobs))
