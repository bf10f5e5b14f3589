"""What is kept of the people around the faces of a scene, so that another version of a database can be compared.

Grouping knows no database, and a group is first of all weighed by its template: its faces, weighted by quality. So
when the people around every template are where they were, the names stay; to find out takes one search for thousands
of scenes, a hundredth of the time of weighing them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOTES = "near"
"""Where it is kept among the `details` of a fingerprint."""


@dataclass(frozen=True, slots=True)
class Around:
    """The people around a template.

    Attributes:
        first: universal id of the nearest; empty for one who does not exist.
        own: cosine to the nearest.
        lead: cosine to the most probable person; None where that one is not among the nearest.
        second: cosine to the nearest but one.
        mean: of the cosines to the 20 after the first.
        horizon: cosine to the last of these: who is farther away does not count.
        votes: share of the group's tracks that are nearest to the most probable person; None where nobody asked.
    """

    first: str
    own: float
    lead: float | None
    second: float
    mean: float
    horizon: float
    votes: float | None = None


@dataclass(frozen=True, slots=True)
class Likely:
    """Somebody a group may be: universal id, probability, cosine distance."""

    id: str
    probability: float
    distance: float


@dataclass(frozen=True, slots=True)
class GroupNotes:
    """What is kept of a group: who it may be, the most probable first, and the people around its template."""

    likely: tuple[Likely, ...]
    around: Around


@dataclass(frozen=True, slots=True)
class Notes:
    """What is kept of a scene or an image.

    Attributes:
        by: digest of all that decided but the database.
        tagged: universal ids of those who were raised for being tagged.
        of: the number of the group of each described face.
        groups: in the order of their first faces.
    """

    by: str
    tagged: tuple[str, ...]
    of: tuple[int, ...]
    groups: tuple[GroupNotes, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "by": self.by,
            "tagged": list(self.tagged),
            "of": list(self.of),
            "groups": [
                {
                    "likely": [[one.id, round(one.probability, 6), round(one.distance, 5)] for one in notes.likely],
                    "first": notes.around.first,
                    "near": [None if value is None else round(value, 5) for value in _numbers(notes.around)],
                }
                for notes in self.groups
            ],
        }

    @classmethod
    def read(cls, details: Mapping[str, Any]) -> "Notes | None":
        """Read what was kept; None where nothing was, or not in this form."""
        kept: Any = details.get(NOTES)
        try:
            return cls(
                str(kept["by"]),
                tuple(map(str, kept["tagged"])),
                tuple(map(int, kept["of"])),
                tuple(
                    GroupNotes(
                        tuple(Likely(str(id_), float(p), float(far)) for id_, p, far in one["likely"]),
                        _around(str(one["first"]), *one["near"]),
                    )
                    for one in kept["groups"]
                ),
            )
        except (LookupError, TypeError, ValueError, AttributeError):
            return None


def _numbers(around: Around) -> tuple[float | None, ...]:
    return around.own, around.lead, around.second, around.mean, around.horizon, around.votes


def _around(
    first: str, own: float, lead: float | None, second: float, mean: float, horizon: float, votes: float | None
) -> Around:
    told = None if lead is None else float(lead)
    return Around(
        first, float(own), told, float(second), float(mean), float(horizon), None if votes is None else float(votes)
    )
