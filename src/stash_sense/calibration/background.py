"""Portraits -> the statistics of a pack's space, as `recognition.space` reads them: whitening and a crowd."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stash_sense.calibration.photographs import Portrait
from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.space import FaceSpace

RIDGE = 3.0
"""Mean eigenvalues added to every direction before it is whitened; from 1 to 10, what it is makes no difference."""


def learn_space(portraits: Sequence[Portrait], plain: FaceSpace) -> FaceSpace:
    """Learn the space in which the portraits' people are best told apart.

    Args:
        portraits: of many people; every person weighs the same.
        plain: the space of the vectors, which whitens nothing.
    """
    vectors = np.stack([portrait.vectors for portrait in portraits], axis=1)
    away = (vectors - vectors.mean(axis=0)).reshape(-1, vectors.shape[2])
    ends = np.cumsum([block.dim for block in plain.blocks])[:-1]
    whitening = tuple(_whitening(part) for part in np.split(away.astype(np.float64), ends, axis=1))
    bare = FaceSpace(plain.blocks, whitening, plain.mean, plain.crowd_mean, plain.crowd_covariance)
    _, person, photos = np.unique([one.person for one in portraits], return_inverse=True, return_counts=True)
    weight = 1.0 / photos[person]
    weight /= weight.sum()
    clear = vectors[0].astype(np.float64)
    crowd_mean = weight @ clear
    from_mean = clear - crowd_mean
    covariance = (from_mean * weight[:, None]).T @ from_mean
    mean = weight @ bare.whitened(vectors[0])
    arrays = (np.asarray(array, np.float32) for array in (mean, crowd_mean, covariance))
    return FaceSpace(plain.blocks, whitening, *arrays)


def archive(space: FaceSpace) -> bytes:
    """Write the statistics as `FaceSpace.read` reads them; equal statistics give equal bytes."""
    arrays = {f"whitening_{number}": matrix for number, matrix in enumerate(space.whitening)}
    arrays |= {"mean": space.mean, "crowd_mean": space.crowd_mean, "crowd_covariance": space.crowd_covariance}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def _whitening(away: NDArray[np.float64]) -> Floats:
    """(n, dim) differences of copies from their mean -> the symmetric matrix that shrinks where they go."""
    values, directions = np.linalg.eigh(away.T @ away / len(away))
    matrix = (directions / np.sqrt(np.maximum(values, 0.0) + RIDGE * values.mean())) @ directions.T
    matrix /= np.sqrt((matrix**2).sum() / len(matrix))  # its scale is free, vectors are scaled to length 1 after it
    return np.asarray(matrix, np.float32)
