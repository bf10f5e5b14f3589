"""Who differs between two versions of the database, as vectors that templates are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Bools, Floats, Ints
from stash_sense.performers.database import PerformersDatabase
from stash_sense.performers.difference import Difference
from stash_sense.recognition.people import People
from stash_sense.recognition.spec import Decision
from stash_sense.scanning.rematch_notes import GroupNotes

_MOST = 0.1
"""Share of the people up to which it is worth while to look at those alone who differ."""
_AT_ONCE = 512
"""Templates compared at once: 40 MB of cosines to 20,000 people."""
_BLOCK = 8192
_SAME = 0.999
"""Cosine of two templates from which they are of the same pictures, described alike; half precision leaves 0.9999."""


@dataclass(frozen=True, slots=True, eq=False)
class ChangedPeople:
    """People who differ.

    Attributes:
        since: the older version.
        gone: universal ids of those who were removed or do not look as they did.
        templates: (k, D) whitened templates of all who differ, as they were and as they are.
    """

    since: str
    gone: frozenset[str]
    templates: Floats

    @classmethod
    def of(
        cls, difference: Difference, old: PerformersDatabase, new: PerformersDatabase, decision: Decision
    ) -> "ChangedPeople | None":
        """Read their templates; None where so many differ that everybody may as well be searched.

        Whoever has the same pictures as before may have been described anew, so the templates of all others are
        compared. A small database is searched as a whole, too: it is padded with people who do not exist.
        """
        crowd, space = decision.constants.crowd_size, decision.space
        if min(len(old.roster), len(new.roster)) < crowd:
            return None
        before, after = old.people_for(crowd, space), new.people_for(crowd, space)
        # Both versions have their people in the order of the universal ids: so those in both stand side by side.
        stayed = np.setdiff1d(np.arange(len(old.roster)), difference.old_rows)
        there = np.setdiff1d(np.arange(len(new.roster)), difference.new_rows)
        if len(stayed) != len(there):
            return None
        moved = _moved(before, stayed, after, there)
        if difference.people + int(moved.sum()) > _MOST * len(new.roster):
            return None
        rows = stayed[moved], there[moved]
        templates = [
            before.white(np.concatenate([difference.old_rows, rows[0]])),
            after.white(np.concatenate([difference.new_rows, rows[1]])),
        ]
        described_anew = frozenset(new.roster[row].id for row in rows[1].tolist())
        return cls(old.manifest.version, difference.gone | described_anew, np.concatenate(templates))

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


def _moved(before: People, stayed: Ints, after: People, there: Ints) -> Bools:
    """Say of people, by their rows in two versions, whether their templates are other ones."""
    moved = np.zeros(len(stayed), np.bool_)
    for start in range(0, len(stayed), _BLOCK):
        some = slice(start, start + _BLOCK)
        moved[some] = np.vecdot(before.white(stayed[some]), after.white(there[some])) < _SAME
    return moved
