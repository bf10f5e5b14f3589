"""Pictures of people as they are seen in scenes and images: what cuts them out, and which face is taken."""

import asyncio
from typing import Protocol

from stash_sense.errors import PortraitMissing
from stash_sense.library.kinds import IMAGES
from stash_sense.recommendations.recommendation import Target
from stash_sense.recommendations.unidentified import SuggestedPerson

Box = tuple[float, float, float, float]
"""Left, top, width, height of a face, in pixels of the upright picture."""


class PortraitOf(Protocol):
    """Cuts a face with what is around it out of a scene or an image; takes seconds, and is called on any thread."""

    def __call__(self, kind: str, id_: str, t: float | None, box: Box) -> bytes:
        """Return a JPEG.

        Args:
            kind: "scene" or "image".
            id_: in Stash.
            t: seconds from the first frame of a scene.
            box: of the face.

        Raises:
            StashSenseError: what is there cannot be read.
        """


async def best_portrait(cut: PortraitOf, target: Target, person: SuggestedPerson) -> bytes:
    """Cut the face out that shows a person best.

    Raises:
        PortraitMissing: nothing is kept of where the person is seen.
        StashSenseError: as `PortraitOf`.
    """
    if not person.seen:
        raise PortraitMissing(kind=target.kind, id=target.id, reason=f"nobody knows any more where {person.name} is")
    best = person.seen[0]
    place = target if best.image_id is None else Target(IMAGES.name, best.image_id)
    return await asyncio.to_thread(cut, place.kind, place.id, best.t, best.box)
