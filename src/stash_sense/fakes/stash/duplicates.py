"""Finds scenes that look alike: their phashes differ in few bits, their lengths by little."""

from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State


def duplicates(state: State, distance: int, duration_diff: float | None) -> list[list[Row]]:
    """Return groups of two and more scenes, the larger files first.

    Args:
        state: the library.
        distance: most bits in which two phashes differ; 0 for equal ones.
        duration_diff: most seconds by which two videos differ; less than 0 or None for any.
    """
    hashed = list(_hashed(state))
    left = {row["id"] for _, _, row in hashed}
    groups = []
    for phash, seconds, row in hashed:
        if row["id"] not in left:
            continue
        group = [
            other
            for other_phash, other_seconds, other in hashed
            if other["id"] in left
            and (phash ^ other_phash).bit_count() <= distance
            and (duration_diff is None or duration_diff < 0 or abs(seconds - other_seconds) <= duration_diff)
        ]
        unique = list({other["id"]: other for other in group}.values())
        left -= {other["id"] for other in unique}
        if len(unique) > 1:
            groups.append(sorted(unique, key=lambda other: -_size(state, other)))
    return sorted(groups, key=lambda group: -sum(_size(state, row) for row in group))


def _hashed(state: State) -> list[tuple[int, float, Row]]:
    found = []
    for row in state.tables["scenes"].values():
        for file in state.rows("files", row["files"]):
            found += [
                (int(own["value"], 16), float(file["duration"]), row)
                for own in file["fingerprints"]
                if own["type"] == "phash"
            ]
    return found


def _size(state: State, row: Row) -> int:
    return sum(int(file["size"]) for file in state.rows("files", row["files"]))
