"""Where performers went that were merged: followed to the one that is left."""

from collections.abc import Mapping, Sequence

from stash_sense.stashbox.entities import Performer
from stash_sense.stashbox.kinds import PERFORMERS
from stash_sense.stashbox.ports import StashBox

_MOST_STEPS = 5
"""A stash-box leads to the last one at once; more than one step is only seen when it is caught in the middle."""


async def successors(box: StashBox, performers: Sequence[Performer]) -> Mapping[str, Performer | None]:
    """Find who merged performers are now.

    Args:
        box: where they are from.
        performers: any; those that were not merged are left out.

    Returns:
        By id of a merged performer the one that is left; None where that one was deleted, or cannot be found.
    """
    heads: dict[str, Performer | None] = {one.id: one for one in performers if one.merged_into}
    for _ in range(_MOST_STEPS):
        wanted = {origin: one.merged_into for origin, one in heads.items() if one and one.merged_into}
        if not wanted:
            break
        found = (await box.by_ids(PERFORMERS, list(dict.fromkeys(wanted.values())))).items
        heads |= {origin: found.get(successor) for origin, successor in wanted.items()}
    return {origin: None if one is None or one.deleted or one.merged_into else one for origin, one in heads.items()}
