"""How much a face should count: large, sharp, frontal and certain faces describe a person better."""

import math

import numpy as np

from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.alignment import Patch

_FULL_SIZE = 130.0
"""Pixels of face height from which more pixels add nothing: the models look at 112 to 150."""
_SMALL_SIZE = 25.0
"""Pixels of face height at which hardly anything is left to recognise."""
_SHARP = 60.0
"""Variance of the Laplacian of a 96-pixel crop that counts half: soft video; photographs have 300 and more."""
_SHARPNESS_SIDE = 40.0
"""Pixels between the outer landmarks to which larger faces are thinned before their sharpness is measured."""
_FLOOR = 0.05
"""No face counts nothing: a person seen only badly must still have a template."""


def pose(landmarks: Floats) -> tuple[Floats, Floats]:
    """Estimate how far faces are turned, from five landmarks.

    Args:
        landmarks: (n, 5, 2), as in `Detections`.

    Returns:
        yaw (n,) and roll (n,) in radians; 0 is frontal and upright. Yaw is taken from where the nose lies between
        the eyes, after roll is undone.
    """
    eyes = landmarks[:, 1] - landmarks[:, 0]
    roll = np.arctan2(eyes[:, 1], eyes[:, 0])
    nose = landmarks[:, 2] - landmarks[:, :2].mean(axis=1)
    sideways = nose[:, 0] * np.cos(roll) + nose[:, 1] * np.sin(roll)
    half_distance = np.maximum(np.hypot(eyes[:, 0], eyes[:, 1]) / 2.0, 1e-3)
    return np.arctan2(sideways, half_distance).astype(np.float32), roll.astype(np.float32)


def estimated_quality(box: Floats, score: float, landmarks: Floats, patch: Patch) -> float:
    """Weigh a face by what can be seen before it is described.

    Args:
        box: (4,) left, top, right, bottom in pixels of the full frame.
        score: of the detector, 0 to 1.
        landmarks: (5, 2).
        patch: the face cut out.

    Returns:
        From 0.05 to 1.
    """
    height = max(float(box[3] - box[1]), 1.0)
    size = min(max(math.log(height / _SMALL_SIZE) / math.log(_FULL_SIZE / _SMALL_SIZE), 0.0), 1.0)
    sharp = sharpness(patch)
    yaw, roll = (float(angle[0]) for angle in pose(landmarks[None]))
    frontal = max(math.cos(yaw), 0.0) * max(math.cos(roll / 2.0), 0.0)
    return min(max(size * (sharp / (sharp + _SHARP)) * frontal * score, _FLOOR), 1.0)


def clarity(norms: Floats, clear_norm: float) -> Floats:
    """Weigh faces by the length of a model's own answer, which grows with how much of a face there is to see.

    Args:
        norms: (n,) lengths.
        clear_norm: length of the answer to a clear face, whose quality is then 1.

    Returns:
        (n,) in [0.05, 4].
    """
    return np.asarray(np.clip((norms / clear_norm) ** 2, _FLOOR, 4.0), np.float32)


def sharpness(patch: Patch) -> float:
    """Variance of the Laplacian of the middle of a face, grey levels squared; large faces are thinned first."""
    points = patch.landmarks
    if not len(patch.image) or not np.isfinite(points).all():
        return 0.0
    (left, top), (right, bottom) = points.min(axis=0).astype(int), points.max(axis=0).astype(int) + 1
    step = max(1, round(max(right - left, bottom - top) / _SHARPNESS_SIDE))
    face = patch.image[max(top, 0) : max(bottom, 0) : step, max(left, 0) : max(right, 0) : step]
    if min(face.shape[:2]) < 3:
        return 0.0
    grey = face @ np.array([0.299, 0.587, 0.114], np.float32)
    centre = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4.0 * centre).var())
