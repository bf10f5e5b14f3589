"""Who was seen in a scene or image, as it is answered -> as it is kept."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from stash_sense.fingerprints.fingerprint import FaceMark, FingerprintPerson, Rival
from stash_sense.identification.reasons import Reference
from stash_sense.identification.result import NamedPerson, Sighting

_MOST_MARKS = 12
"""Faces of a person that are kept to be shown."""


def person_of(named: NamedPerson, number_of: Mapping[int, int], faces: int) -> FingerprintPerson:
    """Say what is kept of somebody.

    Args:
        named: as recognised.
        number_of: numbers of the faces that are kept, by their rows among all that were seen.
        faces: how many faces were found in all.
    """
    frames = {sighting.t for sighting in named.sightings}
    return FingerprintPerson(
        person_id=named.person_id,
        name=named.name,
        face_count=len(named.sightings),
        frame_count=len(frames),
        proportion=min(1.0, len(named.sightings) / faces) if faces else 0.0,
        confidence=named.probability,
        distance=named.distance,
        marks=_marks((*named.pictured, *named.sightings), number_of),
        rivals=tuple(Rival(one.person_id, one.name, one.probability, one.distance) for one in named.alternatives),
        reference=_reference(named.references[0]) if named.references else None,
    )


def _marks(sightings: tuple[Sighting, ...], number_of: Mapping[int, int]) -> tuple[FaceMark, ...]:
    """Choose faces: those that pictures are shown of first, each once."""
    chosen: dict[int, FaceMark] = {}
    for one in sightings:
        number = None if one.face is None else number_of.get(one.face)
        if number is not None and number not in chosen and len(chosen) < _MOST_MARKS:
            chosen[number] = FaceMark(number, one.t, one.box)
    return tuple(chosen.values())


def _reference(nearest: Reference) -> dict[str, Any]:
    return {**asdict(nearest.picture), "distance": nearest.distance}
