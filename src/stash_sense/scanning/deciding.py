"""What is known of a scene or image, and how it is now -> what a scan does about it."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from stash_sense.fingerprints.fingerprint import Outcome
from stash_sense.fingerprints.store import Mark
from stash_sense.identification.recognizer import Request
from stash_sense.library.paths import PathMap

_DECODING = 1
"""Rises when the program comes to read what it could not: failures are tried again then."""


class Step(StrEnum):
    """What is done."""

    LOOK = "look"
    """Its frames are looked at."""
    REMATCH = "rematch"
    """The faces that are kept of it are compared with the database."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What decides an answer beside file, pack and database: digests of it.

    Attributes:
        looking: of how frames are had and chosen: a failure, or a lack of faces, may be none when it changes.
        matching: of how names are decided.
    """

    looking: str
    matching: str

    def __str__(self) -> str:
        return f"{self.looking}.{self.matching}"

    @classmethod
    def of(cls, paths: PathMap, request: Request) -> "Conditions":
        """Say what they are now.

        Args:
            paths: which folder of Stash is which folder here: a file may be seen that was not.
            request: how items are looked at.
        """
        return cls(
            looking=_digest(_DECODING, str(paths), request.plan.num_frames),
            matching=_digest(request.mode, request.strict),
        )

    @classmethod
    def read(cls, text: str) -> "Conditions":
        """Read what was kept of them."""
        looking, _, matching = text.partition(".")
        return cls(looking, matching)


@dataclass(frozen=True, slots=True)
class Present:
    """With what a scan works: the pack, the version of the database, the conditions, and what the user asked for.

    Attributes:
        retry_failed: look again at what failed.
        from_start: look again at everything.
    """

    pack: str
    database: str
    conditions: Conditions
    retry_failed: bool = False
    from_start: bool = False


def step_of(mark: Mark | None, content: str, now: Present) -> Step:
    """Decide what to do.

    Args:
        mark: what is known of the item; None where it was never looked at.
        content: what its file is known by, as it is now.
        now: with what the scan works.
    """
    if now.from_start or mark is None or mark.content != content or mark.pack != now.pack:
        return Step.LOOK
    before = Conditions.read(mark.conditions)
    if mark.has_failed and (now.retry_failed or before.looking != now.conditions.looking):
        return Step.LOOK
    if mark.outcome is Outcome.FACES:
        is_current = mark.database == now.database and before.matching == now.conditions.matching
        return Step.NOTHING if is_current else Step.REMATCH
    return Step.LOOK if before.looking != now.conditions.looking else Step.NOTHING


def _digest(*values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]
