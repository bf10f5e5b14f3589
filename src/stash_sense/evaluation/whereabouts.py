"""Where a person was seen, beside where everybody truly is -> whose faces those were."""

from collections.abc import Sequence

import numpy as np

from stash_sense.evaluation.answers import Numbers
from stash_sense.evaluation.truth import Appearance
from stash_sense.identification.result import Sighting

SAME_MOMENT = 0.5
"""Seconds from a sighting to the moment of a track that still says where the face is."""


def subject_of(sightings: Sequence[Sighting], appearances: Sequence[Appearance]) -> str | None:
    """Return the subject whose face most of the sightings show; None where no track is near any of them.

    A sighting shows a face if the centre of its box lies in the track's box at the track's nearest moment, at most
    half a second away; of several such faces the one whose centre is nearest. In a picture, time does not matter.
    """
    tracked = [appearance for appearance in appearances if appearance.track]
    if not sightings or not tracked:
        return None
    times = np.array([np.nan if sighting.t is None else sighting.t for sighting in sightings])
    boxes = np.array([sighting.box for sighting in sightings], np.float64)
    away = np.stack([_distances(times, _centres(boxes), one) for one in tracked], axis=1)
    nearest = away.argmin(axis=1)[np.isfinite(away).any(axis=1)]
    votes: dict[str, int] = {}
    for place in nearest.tolist():
        subject = tracked[place].subject
        votes[subject] = votes.get(subject, 0) + 1
    return max(votes, key=lambda subject: votes[subject]) if votes else None


def _distances(times: Numbers, centres: Numbers, appearance: Appearance) -> Numbers:
    """Return (n,) pixels from the centre of each sighting to that of the face; infinite where it lies outside."""
    track = np.array(appearance.track, np.float64)
    gaps = np.nan_to_num(np.abs(times[:, None] - track[None, :, 0]), nan=0.0)
    moment = gaps.argmin(axis=1)
    boxes = track[moment, 1:]
    near = gaps[np.arange(len(times)), moment] <= SAME_MOMENT
    inside = ((centres >= boxes[:, :2]) & (centres <= boxes[:, :2] + boxes[:, 2:])).all(axis=1)
    away = np.linalg.norm(centres - _centres(boxes), axis=1)
    return np.where(near & inside, away, np.inf)


def _centres(boxes: Numbers) -> Numbers:
    """(n, 4) left, top, width, height -> (n, 2)."""
    centres: Numbers = boxes[:, :2] + boxes[:, 2:] / 2.0
    return centres
