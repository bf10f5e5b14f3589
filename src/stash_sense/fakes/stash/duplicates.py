"""Finds scenes that look alike: their phashes differ in few bits, their lengths by little."""

import itertools
from collections.abc import Iterator

from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State

_BITS = 64

Hashed = tuple[int, float, Row]
"""phash, seconds, scene."""


def duplicates(state: State, distance: int, duration_diff: float | None) -> list[list[Row]]:
    """Return groups of two and more scenes, the larger files first.

    Args:
        state: the library.
        distance: most bits in which two phashes differ; 0 for equal ones.
        duration_diff: most seconds by which two videos differ; less than 0 or None for any.
    """
    hashed = _hashed(state)
    near = _Near(hashed, distance)
    grouped: set[int] = set()
    groups = []
    for phash, seconds, row in hashed:
        if row["id"] in grouped:
            continue
        group = {
            other["id"]: other
            for _, other_seconds, other in near.to(phash)
            if other["id"] not in grouped
            and (duration_diff is None or duration_diff < 0 or abs(seconds - other_seconds) <= duration_diff)
        }
        if len(group) > 1:
            grouped |= group.keys()
            groups.append(sorted(group.values(), key=lambda other: -_size(state, other)))
    return sorted(groups, key=lambda group: -sum(_size(state, row) for row in group))


class _Near:
    """Finds phashes that are near: of two that differ in n bits, one of n + 1 bands is equal."""

    def __init__(self, hashed: list[Hashed], distance: int) -> None:
        self._distance = max(0, distance)
        bands = min(self._distance + 1, _BITS)
        edges = [_BITS * band // bands for band in range(bands + 1)]
        self._bands = [(low, (1 << high - low) - 1) for low, high in itertools.pairwise(edges)]
        self._by_band: dict[tuple[int, int], list[Hashed]] = {}
        for one in hashed:
            for key in self._keys(one[0]):
                self._by_band.setdefault(key, []).append(one)

    def to(self, phash: int) -> Iterator[Hashed]:
        for key in self._keys(phash):
            for one in self._by_band[key]:
                if (phash ^ one[0]).bit_count() <= self._distance:
                    yield one

    def _keys(self, phash: int) -> Iterator[tuple[int, int]]:
        for band, (low, mask) in enumerate(self._bands):
            yield band, phash >> low & mask


def _hashed(state: State) -> list[Hashed]:
    return [
        (int(own["value"], 16), float(file["duration"]), row)
        for row in state.tables["scenes"].values()
        for file in state.rows("files", row["files"])
        for own in file["fingerprints"]
        if own["type"] == "phash"
    ]


def _size(state: State, row: Row) -> int:
    return sum(int(file["size"]) for file in state.rows("files", row["files"]))
