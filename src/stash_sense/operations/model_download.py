"""Job `model_download`: a model pack fetched, checked, converted and self-tested."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot
from stash_sense.models.installer import PackInstaller


class DownloadRequest(BaseModel):
    """What a download is given: the pack, and whether its licence was accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pack: str = Field(min_length=1, max_length=64)
    accept_licence: bool = False


def model_download(installer: Callable[[], PackInstaller]) -> JobType[DownloadRequest]:
    """Make the kind of job; `installer` returns what does the work."""

    def run(context: JobContext[DownloadRequest]) -> Mapping[str, Any]:
        asked = context.payload
        installed = installer().install(
            asked.pack, accept_licence=asked.accept_licence, progress=context.listen, cancel=context.cancel
        )
        return {"pack": asked.pack, "already": installed.already, "bytes": installed.size}

    return JobType(
        name="model_download",
        title="Install a model pack",
        what="Fetches a model pack, checks and converts it, and tries it out; nothing changes unless all is right.",
        slot=Slot.NETWORK,
        payload=DownloadRequest,
        run=run,
        exclusive=False,  # two packs may be wanted; the installer itself works one after the other
    )
