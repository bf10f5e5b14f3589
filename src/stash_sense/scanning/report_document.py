"""What the report "does it work on my library?" says, as the document that commands, jobs and routes give."""

import math
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

MOST_LISTED = 100
"""Entries of each list: the report is kept with its job."""
_Z = 1.959964
"""Normal deviate of a 95 % interval."""


class Share(BaseModel):
    """So many of so many, and the 95 % Wilson interval of the share; null where there is nothing to divide by."""

    count: int
    of: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of_counts(cls, count: int, of: int) -> "Share":
        """Work the share out."""
        if not of:
            return cls(count=count, of=of, value=None, low=None, high=None)
        share, spread = count / of, _Z * _Z / of
        middle = (share + spread / 2) / (1 + spread)
        half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
        low, high = max(0.0, middle - half), min(1.0, middle + half)
        return cls(count=count, of=of, value=round(share, 4), low=round(low, 4), high=round(high, 4))


class ItemCounts(BaseModel):
    """How many scenes, or images, with performers there are, and what is known of them.

    Attributes:
        tagged: all of them.
        compared: those that were scanned; the report is about these.
        without_faces: of these, those in which no face was found.
        not_scanned: those that were not, or not as they are now.
        failed: those that could not be looked at.
    """

    tagged: int = 0
    compared: int = 0
    without_faces: int = 0
    not_scanned: int = 0
    failed: int = 0


class ReferencesGroup(BaseModel):
    """Performers who have about equally many reference pictures: `references` is "1", "3-5" and the like, or "none".

    Attributes:
        performers: who are tagged in what was compared.
        seen: of the times that one of them is tagged, those in which we would have said so.
        right: of the times that we would have named one of them, those in which that one is tagged.
    """

    references: str
    performers: int
    seen: Share
    right: Share


class PerformerFigures(BaseModel):
    """One performer of Stash.

    Attributes:
        references: reference pictures in the database; 0 for who is not in it.
        seen: of the times tagged, those in which we would have said so.
        right: of the times we would have named this one, those in which this one is tagged.
        without_faces: times tagged where no face was found at all.
        why: `not_in_database`, `never_seen`, `seen_as_somebody_else` or `sometimes_missed`; null where always seen.
        taken_for: who was named in the place of this one most often.
    """

    performer_id: str
    name: str
    references: int
    seen: Share
    right: Share
    without_faces: int
    why: str | None = None
    taken_for: str | None = None
    taken_for_times: int = 0


class SeenUntagged(BaseModel):
    """Somebody who would have been named where nobody has tagged that one: a tag may be missing, or the name wrong.

    Attributes:
        person_id: universal id.
        times: in how many scenes or images.
        probability: mean, and `most_probable` the largest.
        in_place_of: times in which somebody who is tagged was not seen at the same time.
        examples: ids of some, the most probable first.
    """

    person_id: str
    name: str
    times: int
    probability: float
    most_probable: float
    in_place_of: int
    examples: list[str]


class HarmfulReference(BaseModel):
    """A reference picture that was the nearest one where a name was not that of anybody who is tagged.

    Attributes:
        person_id, name: whose reference it is.
        wrong: times in which somebody who is tagged was not seen at the same time.
        untagged: times in which nobody was missed: perhaps only the tag is missing.
        right: times in which it was the nearest one of a name that is tagged.
        source: domain the picture comes from, or "folder".
        url, path, sha256: where it is, as far as that is known.
    """

    person_id: str
    name: str
    wrong: int
    untagged: int
    right: int
    source: str = ""
    url: str | None = None
    path: str | None = None
    sha256: str | None = None


class KindReport(BaseModel):
    """What is said of scenes, or of images.

    Attributes:
        kind: scene or image.
        right: of all names that we would have given, those that are tagged.
        seen: of all who are tagged and in the database, those whom we would have named.
        seen_of_all: the same of all who are tagged.
        in_the_database: of all who are tagged, those who are in the database.
        by_references: the same by the number of reference pictures.
        performers: those who are tagged most often.
        not_seen: those who were missed most often.
        seen_untagged: who would have been named without being tagged, the most frequent first.
        harmful_references: by how often they were wrong.
    """

    kind: str
    items: ItemCounts
    right: Share
    seen: Share
    seen_of_all: Share
    in_the_database: Share
    by_references: list[ReferencesGroup]
    performers: list[PerformerFigures]
    not_seen: list[PerformerFigures]
    seen_untagged: list[SeenUntagged]
    harmful_references: list[HarmfulReference]


class LibraryReportDocument(BaseModel):
    """The report.

    Attributes:
        database, pack, mode: with what it was made.
        kinds: scenes and images, apart.
    """

    schema_: int = Field(default=1, alias="schema")
    made_at: datetime
    database: str
    pack: str
    mode: str
    strict: bool
    kinds: list[KindReport]

    model_config = {"populate_by_name": True}

    def to_json(self) -> dict[str, Any]:
        """As it is kept and printed."""
        return self.model_dump(mode="json", by_alias=True)
