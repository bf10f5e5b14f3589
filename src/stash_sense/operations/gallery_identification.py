"""Job `gallery_identification`: who is in the images of a gallery that is too large for one request."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Priority, Slot
from stash_sense.kernel.progress import Progress

if TYPE_CHECKING:
    from stash_sense.identification.galleries import GalleryCount
    from stash_sense.identification.library_items import LibraryIdentifier
    from stash_sense.identification.library_reading import ReadGallery
    from stash_sense.identification.library_result import IdentifiedGallery
    from stash_sense.kernel.cancel import CancelToken

GALLERY_IDENTIFICATION = "gallery_identification"
MOST_PERSONS = 100
"""People that a result tells: the gallery's own and the likely wrong names of a crowd."""
MOST_IDS = 1_000
"""Images of each of them that it names."""
_FAILURES = 10
"""Images that could not be looked at, of which a result says why."""
_KEPT_EVERY = 25
"""Images looked at between two checkpoints: some 5 s."""


class GalleryJobRequest(BaseModel):
    """What the job is given; for what is left out the settings stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gallery_id: str = Field(min_length=1, max_length=18, pattern="^[0-9]+$", description="The gallery's id in Stash.")
    pack: str | None = Field(default=None, max_length=100, description="Model pack; the database's own without.")
    mode: str | None = Field(default=None, max_length=50, description="How names are decided.")
    strict: bool | None = Field(default=None, description="Give only the surest names; fewer people get one.")
    top_k: int | None = Field(default=None, ge=0, le=100, description="Other likely people to keep for each person.")
    tagged: tuple[str, ...] = Field(
        default=(), max_length=200, description="Names or ids of people who are tagged already."
    )


Opened = AbstractContextManager["tuple[LibraryIdentifier, ReadGallery]"]


def gallery_identification(
    check: Callable[[GalleryJobRequest], None],
    opened: Callable[[GalleryJobRequest, CancelToken], Opened],
    document: Callable[[IdentifiedGallery], dict[str, Any]],
) -> JobType[GalleryJobRequest]:
    """Make the kind of job.

    Args:
        check: raises where nobody can be recognised.
        opened: reads a gallery, and gives what identifies its images.
        document: presents who is in it.
    """

    def run(context: JobContext[GalleryJobRequest]) -> Mapping[str, Any]:
        context.progress("opening the models", 0)
        with opened(context.payload, context.cancel) as (identifier, read):
            return _identified(context, identifier, read, document)

    return JobType(
        name=GALLERY_IDENTIFICATION,
        title="Identify a gallery",
        what="Looks who is in the images of one gallery of Stash, however many these are.",
        slot=Slot.CPU_HEAVY,
        payload=GalleryJobRequest,
        run=run,
        check=check,
        priority=Priority.HIGH,  # somebody waits for it
        subject=lambda asked: asked.model_dump_json(),
    )


def _identified(
    context: JobContext[GalleryJobRequest],
    identifier: LibraryIdentifier,
    read: ReadGallery,
    document: Callable[[IdentifiedGallery], dict[str, Any]],
) -> Mapping[str, Any]:
    count = identifier.count_of(read)
    done, failures = _restored(context, count, read)
    total = len(read.images)
    rest = dataclasses.replace(read, images=read.images[done:])

    def listen(progress: Progress) -> None:
        context.progress(progress.stage, done, total, progress.note)

    for item in identifier.images(rest, count, context.cancel, listen):
        done += 1
        if item.result.failure is not None:
            failure = item.result.failure
            failures += [{"image_id": item.id, "code": failure.code, "message": failure.message}]
            del failures[_FAILURES:]
        if done % _KEPT_EVERY == 0:
            cursor = {"images": _ids(read, done), "count": count.state(), "failures": failures}
            context.checkpoint(cursor, done=done, total=total, failed=done - count.images)
    found = identifier.gallery(read, count)
    shown = found.persons[:MOST_PERSONS]
    some = tuple(dataclasses.replace(person, image_ids=person.image_ids[:MOST_IDS]) for person in shown)
    result = document(dataclasses.replace(found, persons=some))
    for person, whole in zip(result["persons"], shown, strict=True):
        person["image_count"] = len(whole.image_ids)
    return {**result, "more_persons": len(found.persons) - len(shown), "errors": failures}


def _restored(
    context: JobContext[GalleryJobRequest], count: GalleryCount, read: ReadGallery
) -> tuple[int, list[dict[str, str]]]:
    """Go on where an earlier run was, if the gallery still begins with the images that it looked at."""
    cursor = context.cursor
    if not isinstance(cursor, dict):
        return 0, []
    done = len(cursor["images"])
    if cursor["images"] != _ids(read, done):
        return 0, []
    count.restore(cursor["count"])
    return done, list(cursor["failures"])


def _ids(read: ReadGallery, most: int) -> list[str]:
    return [image.id for image in read.images[:most]]
