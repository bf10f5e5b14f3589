"""Who is in the simulated Stash of these tests, and changing what it has."""

from typing import Any

from stash_sense.fakes.stash.server import SimulatedStash

OBAMA, COLLINS, BIDEN = "Barack Obama", "Eileen Collins", "Joe Biden"


def performer(stash: SimulatedStash, name: str) -> int:
    return int(next(row["id"] for row in stash.state.tables["performers"].values() if row["name"] == name))


def change(stash: SimulatedStash, table: str, row: int, **columns: Any) -> None:
    with stash.state.transaction():
        stash.state.change(table, row).update(columns)
