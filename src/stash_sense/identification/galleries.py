"""Who is in each image of a gallery -> who is in the gallery.

What counts in an image, and who is kept, is up to the matching mode. `template` keeps whom an image names: the pack's
curve has weighed each name by itself. `clustered_frequency` counts the nearest known person of every face, named or
not, and keeps who is in several images, or very near in one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stash_sense.identification.library_result import GalleryPerson, IdentifiedItem
from stash_sense.identification.result import Alternative, Identification, NamedPerson

MOST_IN_REQUEST = 200
"""Images of a gallery that are looked at while somebody waits for the answer: up to a minute. More become a job."""
_SEVERAL = 2
_VERY_NEAR = 0.4
"""Cosine distance, on the scale where two strangers measure 1, up to which a single image is enough."""


@dataclass(slots=True)
class _Appearances:
    name: str
    probability: float = 0.0
    distances: dict[str, float] = field(default_factory=dict)

    def add(self, image_id: str, person: NamedPerson | Alternative) -> None:
        """Count somebody in an image, once."""
        self.probability = max(self.probability, person.probability)
        self.distances[image_id] = min(person.distance, self.distances.get(image_id, person.distance))


class GalleryCount:
    """Counts the people of a gallery, image by image; keeps no pictures.

    Args:
        frequency: keep whoever is in several images or very near in one, in place of whom an image names.
        stranger_distance: what faces of two different people typically measure.
        tagged: ids of the people who are tagged in the gallery or an image of it.
    """

    def __init__(self, frequency: bool, stranger_distance: float, tagged: Iterable[str]) -> None:
        self._frequency = frequency
        self._very_near = _VERY_NEAR * stranger_distance
        self._tagged = frozenset(tagged)
        self._people: dict[str, _Appearances] = {}
        self.images = 0
        self.faces = 0

    def add(self, item: IdentifiedItem) -> None:
        """Count one more image; one that could not be looked at counts nowhere."""
        if item.result.failure is not None:
            return
        self.images += 1
        self.faces += item.result.faces_detected
        for person in self._in_image(item.result):
            self._people.setdefault(person.person_id, _Appearances(person.name)).add(item.id, person)

    def persons(self) -> tuple[GalleryPerson, ...]:
        """Return who is in the gallery: those in most images first, of these the nearest."""
        kept = [self._person(id_, seen) for id_, seen in self._people.items() if self._is_kept(seen)]
        return tuple(sorted(kept, key=lambda one: (-len(one.image_ids), one.best_distance, one.person_id)))

    def state(self) -> dict[str, Any]:
        """Return all that was counted, as JSON."""
        people = {id_: [one.name, one.probability, one.distances] for id_, one in self._people.items()}
        return {"images": self.images, "faces": self.faces, "people": people}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what another count gave as its `state`."""
        self.images, self.faces = state["images"], state["faces"]
        self._people = {
            id_: _Appearances(name, probability, dict(distances))
            for id_, (name, probability, distances) in state["people"].items()
        }

    def _in_image(self, result: Identification) -> Iterator[NamedPerson | Alternative]:
        yield from result.persons
        if self._frequency:
            for unknown in result.unknown:
                yield from unknown.alternatives[:1]

    def _is_kept(self, seen: _Appearances) -> bool:
        return (
            not self._frequency or len(seen.distances) >= _SEVERAL or min(seen.distances.values()) < self._very_near
        )

    def _person(self, person_id: str, seen: _Appearances) -> GalleryPerson:
        images = sorted(seen.distances, key=lambda image: (seen.distances[image], image))
        distances = seen.distances.values()
        return GalleryPerson(
            person_id=person_id,
            name=seen.name,
            best_distance=min(distances),
            mean_distance=sum(distances) / len(distances),
            probability=seen.probability,
            image_ids=tuple(images),
            tagged=person_id in self._tagged,
        )
