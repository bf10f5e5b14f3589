"""Fingerprints and who is tagged -> who is recommended to be tagged."""

from collections.abc import Collection, Sequence
from typing import Protocol

from stash_sense.fingerprints.fingerprint import Fingerprint, FingerprintPerson
from stash_sense.library.kinds import IMAGES, SCENES
from stash_sense.recommendations.recommendation import NewRecommendation
from stash_sense.recommendations.types import RecommendationType
from stash_sense.recommendations.unidentified import (
    MOST_MOMENTS,
    UNIDENTIFIED_IMAGE,
    UNIDENTIFIED_SCENE,
    OtherCandidate,
    SeenAt,
    SuggestedPerson,
    UnidentifiedDetails,
)
from stash_sense.scanning.stash_people import InStash

TYPES: dict[str, RecommendationType] = {SCENES.name: UNIDENTIFIED_SCENE, IMAGES.name: UNIDENTIFIED_IMAGE}
"""The type of each kind of item."""


class People(Protocol):
    """Who somebody is in Stash."""

    def of(self, person_id: str, name: str) -> InStash:
        """Say who."""


def missing(fingerprint: Fingerprint, tagged: Collection[str]) -> tuple[FingerprintPerson, ...]:
    """Return who was named and is not tagged, the most probable first.

    An image of a gallery has nobody: its gallery has them.
    """
    if fingerprint.item.kind == IMAGES.name and fingerprint.galleries:
        return ()
    return tuple(person for person in fingerprint.persons if person.person_id not in tagged)


def suggestion(
    fingerprint: Fingerprint, persons: Sequence[FingerprintPerson], people: People
) -> NewRecommendation | None:
    """Recommend that these people are tagged; None for nobody.

    Args:
        fingerprint: of the scene or image.
        persons: see `missing`; without those about whom the user has decided.
        people: who they are in Stash.
    """
    if not persons:
        return None
    details = UnidentifiedDetails(
        title=fingerprint.title,
        pack=fingerprint.pack,
        database=fingerprint.database,
        people=tuple(_suggested(one, people) for one in persons),
        unknown=fingerprint.unknown,
    )
    confidence = max(one.confidence for one in persons)
    return TYPES[fingerprint.item.kind].new(fingerprint.item.id, details, confidence)


def _suggested(person: FingerprintPerson, people: People) -> SuggestedPerson:
    there = people.of(person.person_id, person.name)
    return SuggestedPerson(
        person_id=person.person_id,
        name=person.name,
        performer_id=there.performer_id,
        endpoint=there.endpoint,
        stash_id=there.stash_id,
        probability=person.confidence,
        distance=person.distance,
        count=max(1, person.frame_count),
        seen=tuple(SeenAt(t=mark.t, box=mark.box, face=mark.face) for mark in person.marks[:MOST_MOMENTS]),
        others=others_of(person),
        reference=None if person.reference is None else dict(person.reference),
    )


def others_of(person: FingerprintPerson) -> tuple[OtherCandidate, ...]:
    """Return who else it may be."""
    return tuple(
        OtherCandidate(person_id=one.person_id, name=one.name, probability=one.probability, distance=one.distance)
        for one in person.rivals
    )
