"""Links to stash-box entities: a given list replaces the one there is, several of one endpoint are fine."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State


def write_stash_ids(state: State, row: Row, given: Mapping[str, Any]) -> None:
    """Write the list that was given; null clears it, an id without a time gets the present one."""
    if "stash_ids" in given:
        row["stash_ids"] = [
            {
                "endpoint": each["endpoint"],
                "stash_id": each["stash_id"],
                "updated_at": each.get("updated_at") or state.now_exact(),
            }
            for each in given["stash_ids"] or ()
        ]
