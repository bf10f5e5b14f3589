"""An album -> the statistics of a pack's space, as `recognition.space` reads them: whitening and a crowd."""

import io

import numpy as np
from benchmarks.accuracy.album import Album, parts_of
from numpy.typing import NDArray

from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.space import FaceSpace

RIDGE = 3.0
"""Mean eigenvalues added to every direction before it is whitened. Research tried 1, 3, 10 and hardly any whitening:
recall at 97 % precision .849, .867, .867, .860; at 98 % 10 was ahead of 3 by .010, less than chance moves it."""


def learn_space(album: Album, half: int | None) -> FaceSpace:
    """Learn the space from one half of an album, or from all of it."""
    inside = album.is_in(half)
    whitening = tuple(_whitening(part) for part in _by_embedder(album, album.vectors[:, inside]))
    plain = album.plain
    bare = FaceSpace(plain.blocks, whitening, plain.mean, plain.crowd_mean, plain.crowd_covariance)
    pairs = np.array([album.photographs_of(person)[:2] for person in album.people_in(half)]).ravel()
    columns = np.concatenate([pairs, np.flatnonzero(inside & album.strangers)])
    # Two photographs of each person, half as heavy, so that every subject weighs the same.
    weight = np.where(album.strangers[columns], 1.0, 0.5)
    weight /= weight.sum()
    vectors = bare.place(parts_of(plain, album.vectors[0][columns]))
    mean = (weight @ vectors).astype(np.float32)
    centred = FaceSpace(plain.blocks, whitening, mean, plain.crowd_mean, plain.crowd_covariance).centred(vectors)
    crowd_mean = weight @ centred
    away = centred - crowd_mean
    covariance = (away * weight[:, None]).T @ away
    return FaceSpace(plain.blocks, whitening, mean, crowd_mean.astype(np.float32), covariance.astype(np.float32))


def archive(space: FaceSpace) -> bytes:
    """Write the statistics as `FaceSpace.read` reads them; equal statistics give equal bytes."""
    arrays = {f"whitening_{number}": matrix for number, matrix in enumerate(space.whitening)}
    arrays |= {"mean": space.mean, "crowd_mean": space.crowd_mean, "crowd_covariance": space.crowd_covariance}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def _by_embedder(album: Album, vectors: Floats) -> list[NDArray[np.float64]]:
    """Return (levels, n, dim) unit vectors for each embedder."""
    levels, count, dim = vectors.shape
    parts = parts_of(album.plain, vectors.reshape(levels * count, dim))
    apart = [part.astype(np.float64) / np.linalg.norm(part, axis=1, keepdims=True) for part in parts]
    return [part.reshape(levels, count, -1) for part in apart]


def _whitening(vectors: NDArray[np.float64]) -> Floats:
    """(levels, n, dim) -> the symmetric matrix that shrinks the directions in which a picture's levels differ."""
    away = (vectors - vectors.mean(axis=0)).reshape(-1, vectors.shape[2])
    values, directions = np.linalg.eigh(away.T @ away / len(away))
    matrix = (directions / np.sqrt(np.maximum(values, 0.0) + RIDGE * values.mean())) @ directions.T
    matrix /= np.sqrt((matrix**2).sum() / len(matrix))  # its scale is free, vectors are scaled to length 1 after it
    return np.asarray(matrix, np.float32)
