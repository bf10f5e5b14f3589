"""Face crops into pictures that are part of the page."""

import base64
import io
from collections.abc import Iterable

from PIL import Image as Picture

from stash_sense.identification.result import Identification, SeenPerson
from stash_sense.kernel.arrays import Image
from stash_sense.reports.markup import Markup, element

CROPS_PER_PERSON = 6
"""Enough to see whether a face was mixed up with another; more only repeat."""

CROPS_PER_PAGE = 3000
"""About 12 MB at 4 kB a crop, which a browser opens at once; beyond it each person gets fewer, but always one."""

_JPEG_QUALITY = 82


def crops_per_person(results: Iterable[Identification]) -> int:
    """Return how many crops of each person keep the page of these results within its size."""
    people = sum(len(result.persons) + len(result.unknown) for result in results)
    return max(1, min(CROPS_PER_PERSON, CROPS_PER_PAGE // max(1, people)))


def portraits(person: SeenPerson, called: str, limit: int) -> list[Markup]:
    """Return the person's best faces, at most `limit`, as pictures with a text for those who cannot see them."""
    crops = person.crops[:limit]
    return [_portrait(crop, f"Face of {called}, {place} of {len(crops)}") for place, crop in enumerate(crops, 1)]


def jpeg_text(crop: Image) -> str:
    """Return a crop as JPEG, in base64."""
    buffer = io.BytesIO()
    Picture.fromarray(crop).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _portrait(crop: Image, alt: str) -> Markup:
    source = f"data:image/jpeg;base64,{jpeg_text(crop)}"
    return element("img", src=source, alt=alt, width=crop.shape[1], height=crop.shape[0])
