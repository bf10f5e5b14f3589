"""How much a face should count: large, sharp, frontal and certain faces describe a person better."""

import numpy as np

from stash_sense.kernel.arrays import Floats, Image

_FULL_SIZE = 130.0
"""Pixels of face height from which more pixels add nothing: the models look at 112 to 150."""
_SMALL_SIZE = 25.0
"""Pixels of face height at which hardly anything is left to recognise."""
_SHARP = 60.0
"""Variance of the Laplacian of a 96-pixel crop that counts half: soft video; photographs have 300 and more."""
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


def sharpness(crops: Image) -> Floats:
    """Variance of the Laplacian of the inner part of (n, size, size, 3) crops -> (n,), grey levels squared."""
    margin = crops.shape[1] // 6
    grey = crops[:, margin:-margin, margin:-margin] @ np.array([0.299, 0.587, 0.114], np.float32)
    centre = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    laplacian = around - 4.0 * centre
    return np.asarray(laplacian.var(axis=(1, 2)), np.float32)


def quality(boxes: Floats, scores: Floats, landmarks: Floats, crops: Image) -> Floats:
    """Weigh faces.

    Args:
        boxes: (n, 4) left, top, right, bottom in pixels of the full frame.
        scores: (n,) of the detector, 0 to 1.
        landmarks: (n, 5, 2).
        crops: (n, size, size, 3) aligned faces.

    Returns:
        (n,) in [0.05, 1].
    """
    height = np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)
    size = np.clip(np.log(height / _SMALL_SIZE) / np.log(_FULL_SIZE / _SMALL_SIZE), 0.0, 1.0)
    sharp = sharpness(crops)
    yaw, roll = pose(landmarks)
    frontal = np.clip(np.cos(yaw), 0.0, 1.0) * np.clip(np.cos(roll / 2.0), 0.0, 1.0)
    return np.asarray(np.clip(size * (sharp / (sharp + _SHARP)) * frontal * scores, _FLOOR, 1.0), np.float32)
