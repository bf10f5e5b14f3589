"""What a scan works with."""

import gc
from collections.abc import Callable
from dataclasses import dataclass

from stash_sense.fingerprints.store import FingerprintStore
from stash_sense.library.ports import Library
from stash_sense.performers.roster import Roster
from stash_sense.recommendations.store import RecommendationStore
from stash_sense.scanning.deciding import Present
from stash_sense.scanning.looking import Looker
from stash_sense.scanning.ports import Loop, Rematcher


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """What a scan works with.

    Attributes:
        library: that is scanned.
        loop: where it is asked.
        store: of fingerprints.
        recommendations: of what is found.
        looker: looks at frames.
        rematcher: compares kept faces with the database; None: frames are looked at again.
        roster: of the database.
        now: with what the scan works.
        frequency: whether the matching mode counts in how many images of a gallery somebody is.
        stranger_distance: what faces of two different people typically measure.
        in_use: tells which version of the database is in use; it may be another one at the end.
        give_back: gives freed memory back to the system: decoders leave it in pieces, 30 kB a video.
    """

    library: Library
    loop: Loop
    store: FingerprintStore
    recommendations: RecommendationStore
    looker: Looker
    rematcher: Rematcher | None
    roster: Roster
    now: Present
    frequency: bool
    stranger_distance: float
    in_use: Callable[[], str | None]
    give_back: Callable[[], object] = gc.collect
