"""Job `model_download`: a model pack fetched, checked, converted and self-tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from stash_sense.errors import LicenceNotAccepted
from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot

if TYPE_CHECKING:
    from stash_sense.models.installer import InstalledPack, PackInstaller
    from stash_sense.models.store import PackStore

MODEL_DOWNLOAD = "model_download"


class DownloadRequest(BaseModel):
    """What a download is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pack: str = Field(min_length=1, max_length=64, description="The pack; `stash-sense models list` shows them.")
    accept_licence: bool = Field(default=False, description="Whether you accept its licence, where it asks for that.")


def download_result(pack: str, installed: InstalledPack) -> dict[str, Any]:
    """Tell what an install did."""
    return {
        "pack": pack,
        "already": installed.already,
        "bytes": installed.size,
        "seconds": round(installed.seconds, 3),
        "folder": str(installed.folder),
    }


def check_download(asked: DownloadRequest, packs: PackStore) -> None:
    """Check that a download can begin; reads a pack that is there.

    Raises:
        PackUnknown: there is no such pack.
        LicenceNotAccepted: its licence has to be accepted, and was not.
    """
    from stash_sense.models.store import PackState

    entry = packs.catalogue.entry(asked.pack)
    if not entry.must_accept or asked.accept_licence:
        return
    if packs.status(asked.pack).state is not PackState.INSTALLED:
        raise LicenceNotAccepted(pack=asked.pack, licence=entry.licence_text.rstrip("."))


def model_download(
    installer: Callable[[], PackInstaller], packs: Callable[[], PackStore]
) -> JobType[DownloadRequest]:
    """Make the kind of job.

    Args:
        installer: returns what does the work.
        packs: returns where packs are kept.
    """

    def run(context: JobContext[DownloadRequest]) -> Mapping[str, Any]:
        asked = context.payload
        installed = installer().install(
            asked.pack, accept_licence=asked.accept_licence, progress=context.listen, cancel=context.cancel
        )
        return download_result(asked.pack, installed)

    return JobType(
        name=MODEL_DOWNLOAD,
        title="Install a model pack",
        what="Fetches a model pack, checks and converts it, and tries it out; nothing changes unless all is right.",
        slot=Slot.NETWORK,
        payload=DownloadRequest,
        run=run,
        check=lambda asked: check_download(asked, packs()),
        subject=lambda asked: asked.pack,  # two may be wanted; the installer itself works one after the other
    )
