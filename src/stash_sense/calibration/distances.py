"""Portraits and scenes -> the distances at which a pack tells faces apart."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stash_sense.calibration.examples import SeenScene, groups_of, subject_of_group
from stash_sense.calibration.photographs import Portrait
from stash_sense.recognition.spec import MatchingConstants

_FALSE_MATCHES = 1e-4
"""Of two strangers' photographs, this share may be nearer than `max_distance`."""
_MOST = 4000
"""Photographs compared with one another: 8 million pairs, some 300 MB."""
_TRACK = 0.85
"""Of the distance of strangers: faces of one place and shot are one person unless they are as far apart as that."""
_PURE = 0.998
"""Share of the groups that must be of one person only."""
_SHARES = tuple(round(share, 3) for share in np.arange(0.36, 0.62, 0.04).tolist())
"""Of the distance of strangers: where groups might be joined. With duo and trio groups stay pure beyond .6, and no
more people are named."""


def measure_distances(portraits: Sequence[Portrait], constants: MatchingConstants) -> MatchingConstants:
    """Measure how far strangers' photographs are apart, and set what follows from it.

    Of very many, evenly chosen ones are compared: their number of pairs grows with the square.
    """
    portraits = portraits[:: -(-len(portraits) // _MOST)]
    vectors = np.stack([portrait.vectors[0] for portrait in portraits])
    names = np.unique([portrait.person for portrait in portraits], return_inverse=True)[1]
    rows, columns = np.triu_indices(len(vectors), 1)
    apart = names[rows] != names[columns]
    distances = 1.0 - (vectors @ vectors.T)[rows[apart], columns[apart]]
    stranger = float(np.median(distances))
    return replace(
        constants,
        stranger_distance=round(stranger, 4),
        max_distance=round(float(np.quantile(distances, _FALSE_MATCHES)), 4),
        track_distance=round(_TRACK * stranger, 4),
    )


def choose_cluster_distance(scenes: Sequence[SeenScene], constants: MatchingConstants) -> MatchingConstants:
    """Join groups as far as they stay pure: the fewest pieces a person falls into, with hardly two people in one."""
    chosen = replace(constants, cluster_distance=round(_SHARES[0] * constants.stranger_distance, 4))
    for share in _SHARES:
        tried = replace(constants, cluster_distance=round(share * constants.stranger_distance, 4))
        if purity(scenes, tried) < _PURE:
            break
        chosen = tried
    return chosen


def purity(scenes: Sequence[SeenScene], constants: MatchingConstants) -> float:
    """Share of the groups of which at least nine in ten faces are of one person."""
    pure = [
        share >= 0.9
        for scene in scenes
        for one in groups_of(scene, constants)
        if (share := subject_of_group(one, scene)[1]) > 0.0
    ]
    return float(np.mean(pure)) if pure else 1.0
