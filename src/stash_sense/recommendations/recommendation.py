"""What a recommendation is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

OUTDATED = "outdated"
"""The action of a recommendation that was resolved by itself: an analysis does not find it any more."""


class Status(StrEnum):
    """What became of it."""

    PENDING = "pending"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Target(NamedTuple):
    """What it is about: the name of a `library.kinds.Kind`, and the id there."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class NewRecommendation:
    """What an analysis has found; made by `types.Types`.

    Attributes:
        type: name of its type.
        target: what it is about.
        content: digest of what it says, see `content_digest`.
        details: as JSON, with the number of their schema.
        confidence: 0 to 1.
    """

    type: str
    target: Target
    content: str
    details: Mapping[str, Any]
    confidence: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A recommendation as it is kept.

    Attributes:
        id: its number; later ones are higher.
        permanent: of a dismissal: whether nothing of this type is ever said about the target again.
        reason: of a dismissal, in the user's words.
        action: what resolved it; `OUTDATED` where nobody did.
        action_details: what was chosen, as JSON.
        group: of the journal, with what was written; of a pending one with what was begun.
        updated_at: when it last came to say something else, or something became of it.
        resolved_at: when it was resolved or dismissed.
    """

    id: int
    type: str
    target: Target
    status: Status
    content: str
    details: Mapping[str, Any]
    confidence: float
    permanent: bool
    reason: str
    action: str | None
    action_details: Mapping[str, Any] | None
    group: str | None
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None

    @property
    def is_outdated(self) -> bool:
        """Whether it was resolved by itself."""
        return self.status is Status.RESOLVED and self.action == OUTDATED


def content_digest(content: object) -> str:
    """Return a digest of a JSON value: what says the same has the same."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
