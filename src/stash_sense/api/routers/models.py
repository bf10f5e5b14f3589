"""The model packs."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict

from stash_sense.api.routers.queue import Begun, JobDocument
from stash_sense.api.state import ServicesHere, StateHere
from stash_sense.jobs.job import ACTIVE, AT_WORK, Job
from stash_sense.jobs.queue import MOST_PER_PAGE, JobQueue
from stash_sense.operations.model_download import MODEL_DOWNLOAD

router = APIRouter(prefix="/models", tags=["models"])


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
    accepted = download is not None and download.accept_licence
    job, is_new = services.queue.submit(MODEL_DOWNLOAD, {"pack": pack, "accept_licence": accepted})
    response.status_code = 202 if is_new else 200
    return Begun(job_id=job.id, status=job.status, new=is_new)


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
    return list(reversed(queue.page(None, MOST_PER_PAGE, ACTIVE, (MODEL_DOWNLOAD,)).jobs))
