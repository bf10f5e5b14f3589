"""Job `model_download`: a model pack fetched, checked, converted and self-tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot

if TYPE_CHECKING:
    from stash_sense.models.installer import InstalledPack, PackInstaller


class DownloadRequest(BaseModel):
    """What a download is given: the pack, and whether its licence was accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pack: str = Field(min_length=1, max_length=64)
    accept_licence: bool = False


def download_result(pack: str, installed: InstalledPack) -> dict[str, Any]:
    """Tell what an install did."""
    return {
        "pack": pack,
        "already": installed.already,
        "bytes": installed.size,
        "seconds": round(installed.seconds, 3),
        "folder": str(installed.folder),
    }


def model_download(installer: Callable[[], PackInstaller]) -> JobType[DownloadRequest]:
    """Make the kind of job; `installer` returns what does the work."""

    def run(context: JobContext[DownloadRequest]) -> Mapping[str, Any]:
        asked = context.payload
        installed = installer().install(
            asked.pack, accept_licence=asked.accept_licence, progress=context.listen, cancel=context.cancel
        )
        return download_result(asked.pack, installed)

    return JobType(
        name="model_download",
        title="Install a model pack",
        what="Fetches a model pack, checks and converts it, and tries it out; nothing changes unless all is right.",
        slot=Slot.NETWORK,
        payload=DownloadRequest,
        run=run,
        exclusive=False,  # two packs may be wanted; the installer itself works one after the other
    )
