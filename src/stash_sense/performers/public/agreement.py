"""What `faces.json` and the tables of a public release say, to whose face each vector is, and under which id.

`faces.json` is what the existing program answers with, so that nobody is found here whom it would not find; where the
tables say otherwise, nobody is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Ints
from stash_sense.performers.public.people import PublicPeople, precedence
from stash_sense.performers.public.release import Owners

NOBODY = -1
"""No face, as `faces.json` has it."""
STRANGER = -2
"""A face of somebody whom the tables do not have."""


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """Who is whom.

    Attributes:
        performer: (n,) int64, for each vector the performer's number in the tables, `NOBODY` or `STRANGER`.
        ids: the universal id of each performer with a vector, by number: of several the one of the first endpoint.
        contested: ids that more than one performer of the tables has; they are taken as the first one's.
    """

    performer: Ints
    ids: Mapping[int, str]
    contested: int


def agreement_of(owners: Owners, people: PublicPeople) -> Agreement:
    """Find out who in the tables is whom in `faces.json`."""
    places = {name: place for place, name in enumerate(owners.names)}
    holder = np.full(len(places) + 1, STRANGER, np.int64)
    holder[-1] = NOBODY  # of the owner -1
    ids: dict[int, str] = {}
    contested = 0
    for number, name in people.ids():
        place = places.get(name)
        if place is None:
            continue
        if holder[place] == STRANGER:
            holder[place] = number
            ids[number] = min(ids.get(number, name), name, key=precedence)
        elif holder[place] != number:
            contested += 1
    return Agreement(holder[owners.owner], ids, contested)
