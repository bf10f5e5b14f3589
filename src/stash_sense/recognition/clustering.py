"""Tracks of one video grouped into people: average linkage that never joins what must stay apart."""

import numpy as np

from stash_sense.kernel.arrays import Bools, Floats, Ints

_BLOCK = 512
"""Rows compared at once while neighbours are looked for: 10 MB of similarities for 5,000 faces."""

_NEVER = np.float32(-4.0)
"""Below any cosine; marks pairs that must not be joined, and stays below when averaged with nothing."""


def cluster(means: Floats, weights: Floats, apart: Bools, min_similarity: float) -> list[Ints]:
    """Group tracks: join the most similar groups, by the mean cosine between their faces, while it is high enough.

    The mean cosine between the faces of two tracks is the product of the means of their vectors, so tracks of any
    length cost the same. A group can only arise among tracks that are connected by single pairs above the threshold
    (a mean is never above its largest term), so these components are found first and each is grouped on its own;
    within one, nearest-neighbour chains give the same groups as always joining the best pair would (average linkage
    with forbidden pairs is reducible: a joined group is never nearer to a third than the nearer of its parts was;
    Müllner, arXiv:1109.2378, section 3).

    Cost: one matrix product over all pairs and a few vector operations per track; memory is that of `apart` and of
    the largest component, n x n x 4 bytes.

    Args:
        means: (n, dim) mean of the unit vectors of each track's faces.
        weights: (n,) faces of each track.
        apart: (n, n) true for two tracks that are different people for certain; such never come into one group.
        min_similarity: groups are joined while their mean cosine is at least this.

    Returns:
        The tracks of each group, ascending; groups in the order of their first track.
    """
    groups: list[Ints] = []
    for component in _components(means, apart, min_similarity):
        if len(component) == 1:
            groups.append(component)
        else:
            inside = apart[np.ix_(component, component)]
            parts = _average_linkage(means[component], weights[component], inside, min_similarity)
            groups.extend(component[part] for part in parts)
    return sorted(groups, key=lambda rows: int(rows[0]))


def _components(means: Floats, apart: Bools, min_similarity: float) -> list[Ints]:
    """Return the sets of tracks that are connected by pairs at or above the threshold."""
    unseen = np.ones(len(means), bool)
    components: list[Ints] = []
    for start in range(len(means)):
        if not unseen[start]:
            continue
        unseen[start] = False
        members, frontier = [start], [start]
        while frontier:
            block, frontier = frontier[:_BLOCK], frontier[_BLOCK:]
            rest = np.flatnonzero(unseen)
            if not len(rest):
                break
            near = means[block] @ means[rest].T >= min_similarity
            near &= ~apart[block][:, rest]
            found = rest[near.any(axis=0)]
            unseen[found] = False
            members.extend(found.tolist())
            frontier.extend(found.tolist())
        components.append(np.sort(np.asarray(members, np.int64)))
    return components


def _average_linkage(means: Floats, weights: Floats, apart: Bools, min_similarity: float) -> list[Ints]:
    similarity = means @ means.T
    similarity[apart] = _NEVER
    np.fill_diagonal(similarity, _NEVER)
    weights = weights.astype(np.float32)
    members: list[list[int]] = [[row] for row in range(len(means))]
    open_: Bools = np.ones(len(means), bool)
    chain: list[int] = []
    while True:
        if not chain:
            left = np.flatnonzero(open_)
            if not len(left):
                break
            chain.append(int(left[0]))
        tip = chain[-1]
        nearest = int(similarity[tip].argmax())
        if similarity[tip, nearest] < min_similarity:
            # Nothing will ever be near enough to the tip: it is a finished group.
            open_[tip] = False
            _close(similarity, tip)
            chain.pop()
        elif len(chain) > 1 and similarity[tip, chain[-2]] >= similarity[tip, nearest]:
            partner = chain[-2]
            del chain[-2:]
            _join(similarity, weights, tip, partner)
            members[tip] += members[partner]
            members[partner] = []
            open_[partner] = False
        else:
            chain.append(nearest)
    return [np.sort(np.asarray(rows, np.int64)) for rows in members if rows]


def _close(similarity: Floats, row: int) -> None:
    similarity[row] = _NEVER
    similarity[:, row] = _NEVER


def _join(similarity: Floats, weights: Floats, kept: int, gone: int) -> None:
    """Put group `gone` into group `kept`: mean similarities by size, forbidden where either is forbidden."""
    a, b = weights[kept], weights[gone]
    mean = (a * similarity[kept] + b * similarity[gone]) / (a + b)
    mean[(similarity[kept] <= _NEVER) | (similarity[gone] <= _NEVER)] = _NEVER
    mean[kept] = _NEVER
    _close(similarity, gone)
    mean[gone] = _NEVER
    similarity[kept] = mean
    similarity[:, kept] = mean
    weights[kept] = a + b
