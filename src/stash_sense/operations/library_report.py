"""Job `library_report`: what would have been said of what is tagged in Stash already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener

LIBRARY_REPORT = "library_report"


class ReportRequest(BaseModel):
    """What a report is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenes: bool = Field(default=True, description="Say it of scenes.")
    images: bool = Field(default=True, description="Say it of images.")

    @model_validator(mode="after")
    def _check(self) -> ReportRequest:
        if not self.scenes and not self.images:
            raise ValueError("nothing is left to report on: take scenes, images or both")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds."""
        return tuple(name for name, wanted in (("scene", self.scenes), ("image", self.images)) if wanted)


def library_report(
    check: Callable[[], None],
    make: Callable[[Sequence[str], CancelToken, ProgressListener], Mapping[str, Any]],
) -> JobType[ReportRequest]:
    """Make the kind of job; its result is the document.

    Args:
        check: raises where no report can be made.
        make: makes one about some kinds.
    """
    return JobType(
        name=LIBRARY_REPORT,
        title="Report on what is tagged",
        what="Compares what is tagged in Stash and was scanned with who would have been named there.",
        slot=Slot.CPU_HEAVY,
        payload=ReportRequest,
        run=lambda context: _run(context, make),
        check=lambda asked: check(),
    )


def _run(
    context: JobContext[ReportRequest],
    make: Callable[[Sequence[str], CancelToken, ProgressListener], Mapping[str, Any]],
) -> Mapping[str, Any]:
    context.progress("opening the models", 0)
    return make(context.payload.kinds, context.cancel, context.listen)
