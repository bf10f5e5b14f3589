"""Results into the JSON document, schema 1, one result after another (`docs/reference/identify-json.md`)."""

import json
import math
from types import TracebackType
from typing import Any, Self, TextIO

from stash_sense.identification.library_result import GalleryPerson, IdentifiedGallery
from stash_sense.identification.reasons import Reference
from stash_sense.identification.result import (
    Alternative,
    Failure,
    Identification,
    LibraryFacts,
    NamedPerson,
    SeenPerson,
    Sighting,
    TaggedPerformer,
)
from stash_sense.reports.portraits import jpeg_text
from stash_sense.reports.wording import against

SCHEMA = 1
"""Rises when a key is removed or changes its meaning; new keys may come without that."""

_PROBABILITY_DIGITS = 4
_DISTANCE_DIGITS = 4
_SECONDS_DIGITS = 3  # a millisecond: frames are 8 ms apart at 120 a second
_PIXEL_DIGITS = 1
_MILLISECOND_DIGITS = 1


class DocumentWriter:
    """Writes results to a text stream as they come; a valid document stands there once the block is left.

    What is written is ASCII, so that any stream takes it. `complete` in the document is true only if the block
    was left without an exception; let the exception that interrupts the work pass through the block.

        with DocumentWriter(sys.stdout) as document:
            for result in results:
                document.write(result)

    Args:
        stream: takes the document.
        crops: whether the best faces of everybody are part of it.
    """

    def __init__(self, stream: TextIO, crops: bool = False) -> None:
        self._stream = stream
        self._crops = crops
        self._separator = "\n"
        self._stream_failed = False
        self._gallery: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        self._put(f'{{"schema": {SCHEMA}, "results": [')
        return self

    def write(self, result: Identification) -> None:
        """Add one result and hand it on at once, so that a reader at the other end of a pipe can follow.

        Raises:
            OSError: the stream takes no more.
        """
        text = json.dumps(result_document(result, self._crops), ensure_ascii=True, allow_nan=False)
        self._put(self._separator + text)
        self._separator = ",\n"

    def tell_gallery(self, gallery: IdentifiedGallery) -> None:
        """Have it stand in the document, after the results for its images."""
        self._gallery = gallery_document(gallery)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A stream that has failed gets nothing more: the error that is on its way says it all.
        if not self._stream_failed:
            gallery = json.dumps(self._gallery, ensure_ascii=True, allow_nan=False)
            self._put(f'\n], "gallery": {gallery}, "complete": {json.dumps(kind is None)}}}\n')

    def _put(self, text: str) -> None:
        # One call for one piece: an interruption comes before or after it and leaves no half of it.
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._stream_failed = True
            raise


def result_document(result: Identification, crops: bool = False) -> dict[str, Any]:
    """Return one result as the values of the JSON document; with or without the best faces of everybody."""
    return {
        "source": result.source,
        "pack": result.pack,
        "mode": result.mode,
        "duration": _rounded(result.duration, _SECONDS_DIGITS),
        "width": int(result.width),
        "height": int(result.height),
        "frames_analyzed": int(result.frames_analyzed),
        "faces_detected": int(result.faces_detected),
        "persons": [_named(person, crops) for person in result.persons],
        "unknown": [_seen(person, crops) for person in result.unknown],
        "error": _error(result.failure),
        "timing_ms": {
            stage: _rounded(milliseconds, _MILLISECOND_DIGITS) for stage, milliseconds in result.timing_ms.items()
        },
        "library": None if result.library is None else _in_library(result.library),
    }


def _in_library(facts: LibraryFacts) -> dict[str, Any]:
    return {
        "kind": facts.kind,
        "id": facts.id,
        "frames_from": facts.frames_from,
        "with_cover": facts.with_cover,
        "attempts": [{"frames_from": one.frames_from, "error": _error(one.failure)} for one in facts.attempts],
        "performers": [performer_document(one) for one in facts.performers],
    }


def performer_document(performer: TaggedPerformer) -> dict[str, Any]:
    """Return somebody who is tagged in Stash as the values of the JSON document."""
    return {
        "performer_id": performer.performer_id,
        "name": performer.name,
        "person_ids": list(performer.person_ids),
        "seen": performer.seen,
    }


def gallery_document(gallery: IdentifiedGallery) -> dict[str, Any]:
    """Return who is in a gallery as the values of the JSON document."""
    return {
        "gallery_id": gallery.id,
        "total_images": gallery.total_images,
        "images_processed": gallery.images_processed,
        "faces_detected": gallery.faces_detected,
        "persons": [_in_gallery(person) for person in gallery.persons],
        "performers": [performer_document(one) for one in gallery.performers],
    }


def _in_gallery(person: GalleryPerson) -> dict[str, Any]:
    return {
        "person_id": person.person_id,
        "name": person.name,
        "probability": _rounded(person.probability, _PROBABILITY_DIGITS),
        "best_distance": _rounded(person.best_distance, _DISTANCE_DIGITS),
        "mean_distance": _rounded(person.mean_distance, _DISTANCE_DIGITS),
        "image_count": len(person.image_ids),
        "image_ids": list(person.image_ids),
        "tagged": person.tagged,
    }


def _named(person: NamedPerson, crops: bool) -> dict[str, Any]:
    return {
        "person_id": person.person_id,
        "name": person.name,
        "probability": _rounded(person.probability, _PROBABILITY_DIGITS),
        "distance": _rounded(person.distance, _DISTANCE_DIGITS),
        "tagged": bool(person.tagged),
        "votes": _rounded(person.votes, _PROBABILITY_DIGITS),
        "references": [_reference(one) for one in person.references],
        **_seen(person, crops),
    }


def _seen(person: SeenPerson, crops: bool) -> dict[str, Any]:
    return {
        "frames": [_frame(sighting) for sighting in person.sightings],
        "alternatives": [_alternative(other) for other in person.alternatives],
        "runner_up": _rival(person),
        "crops": _crops(person) if crops else None,
    }


def _crops(person: SeenPerson) -> list[dict[str, Any]]:
    return [
        {**_frame(sighting), "jpeg": jpeg_text(crop)}
        for sighting, crop in zip(person.pictured, person.crops, strict=False)
    ]


def _reference(reference: Reference) -> dict[str, Any]:
    picture = reference.picture
    return {
        "distance": _rounded(reference.distance, _DISTANCE_DIGITS),
        "source": picture.source,
        "url": picture.url,
        "path": picture.path,
        "sha256": picture.sha256,
    }


def _rival(person: SeenPerson) -> dict[str, Any] | None:
    rival = person.runner_up
    if rival is None:
        return None
    return {
        **_alternative(person.alternatives[0]),
        "votes": _rounded(rival.votes, _PROBABILITY_DIGITS),
        "references": [_reference(one) for one in rival.references],
        "because": rival.because,
        "close": bool(rival.close),
        "nearer": None if rival.nearer is None else rival.nearer._asdict(),
        "needed": _rounded(rival.needed, _PROBABILITY_DIGITS),
        "words": against(person),
    }


def _frame(sighting: Sighting) -> dict[str, Any]:
    return {
        "t": _rounded(sighting.t, _SECONDS_DIGITS),
        "box": [_rounded(edge, _PIXEL_DIGITS) for edge in sighting.box],
    }


def _alternative(other: Alternative) -> dict[str, Any]:
    return {
        "person_id": other.person_id,
        "name": other.name,
        "probability": _rounded(other.probability, _PROBABILITY_DIGITS),
        "distance": _rounded(other.distance, _DISTANCE_DIGITS),
    }


def _error(failure: Failure | None) -> dict[str, str] | None:
    return None if failure is None else {"code": failure.code, "message": failure.message}


def _rounded(value: float | None, digits: int) -> float | None:
    """Round a number of Python or numpy; JSON has no word for one that is not finite but null."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0  # the sum makes -0.0 a plain 0.0
