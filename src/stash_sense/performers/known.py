"""Whoever may be recognised: a gallery in memory or an installed database, as recognition asks them."""

from typing import Protocol

from stash_sense.kernel.arrays import Ints
from stash_sense.performers.records import ReferencePicture
from stash_sense.performers.roster import Roster
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.spec import Decision


class KnownPeople(Protocol):
    """People with reference faces, all described by one model pack."""

    @property
    def pack(self) -> str:
        """Id of the pack that made the vectors; vectors of different packs are never compared."""

    @property
    def roster(self) -> Roster:
        """Who is behind each row number."""

    def pictures(self, rows: Ints) -> tuple[ReferencePicture, ...]:
        """Say which pictures some references are of, by the rows of their vectors, in the order asked for."""

    def judge(self, decision: Decision, strict: bool = False, top_k: int = 3) -> Judge:
        """Make ready to weigh groups of faces against these people (see `Judge`)."""
