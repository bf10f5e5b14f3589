"""Who differs between two versions of the database, as vectors that templates are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Bools, Floats
from stash_sense.performers.database import PerformersDatabase
from stash_sense.performers.difference import Difference
from stash_sense.recognition.spec import Decision
from stash_sense.scanning.rematch_notes import GroupNotes

MOST = 0.2
"""Share of the people up to which it is worth while to look at those alone who differ."""
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class ChangedPeople:
    """People who differ.

    Attributes:
        since: the older version.
        gone: universal ids of those who were removed or have other pictures.
        templates: (k, D) whitened templates of all who differ, as they were and as they are.
    """

    since: str
    gone: frozenset[str]
    templates: Floats

    @classmethod
    def of(
        cls, difference: Difference, old: PerformersDatabase, new: PerformersDatabase, decision: Decision
    ) -> "ChangedPeople | None":
        """Read their templates; None where so many differ that everybody may as well be searched."""
        if difference.people > MOST * len(new.roster):
            return None
        crowd, space = decision.constants.crowd_size, decision.space
        before = old.people_for(crowd, space).white(difference.old_rows)
        after = new.people_for(crowd, space).white(difference.new_rows)
        return cls(old.manifest.version, difference.gone, np.concatenate([before, after]))

    def touches(self, templates: Floats, before: Sequence[GroupNotes]) -> Bools:
        """Say of each of (n, D) templates whether anybody around it differs."""
        horizons = np.array([notes.around.horizon for notes in before], np.float32)
        found = np.array(
            [
                notes.around.first in self.gone or any(one.id in self.gone or not one.id for one in notes.likely)
                for notes in before
            ],
            np.bool_,
        )
        if len(self.templates):
            for start in range(0, len(templates), _AT_ONCE):
                some = slice(start, start + _AT_ONCE)
                nearest = (templates[some] @ self.templates.T).max(axis=1)
                found[some] |= nearest >= horizons[some] - np.float32(0.002)
        return found
