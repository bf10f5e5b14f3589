"""The space in which a pack's faces are compared: embedders side by side, whitened, with a crowd of strangers."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from tokenize import TokenError

import numpy as np

from stash_sense.kernel.arrays import AnyArray, Floats

_DAMAGE = (
    OSError,
    EOFError,
    LookupError,
    RuntimeError,
    MemoryError,
    OverflowError,
    SyntaxError,
    TypeError,
    TokenError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What numpy and zipfile raise about contents, besides ValueError, as found by feeding them damaged archives."""


@dataclass(frozen=True, slots=True)
class Block:
    """One embedder's part of the vector: how long it is, and its share (0 to 1) of the fused cosine."""

    dim: int
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class FaceSpace:
    """Where vectors live.

    Vectors are kept as the embedders give them, side by side. Whitening shrinks the directions in which one face
    moves when its picture gets small, blurred or noisy. The crowd describes strangers as a normal distribution, so
    that a small gallery can be padded with people who do not exist; no face of anybody is part of it.

    Attributes:
        blocks: the embedders, in the order of the vector.
        whitening: (dim, dim) per block.
        mean: (D,) mean of strangers' whitened vectors.
        crowd_mean: (D,) mean of strangers' vectors.
        crowd_covariance: (D, D) their covariance.
    """

    blocks: tuple[Block, ...]
    whitening: tuple[Floats, ...]
    mean: Floats
    crowd_mean: Floats
    crowd_covariance: Floats

    @classmethod
    def plain(cls, blocks: Sequence[Block]) -> "FaceSpace":
        """A space without statistics: nothing is whitened or centred, strangers are at right angles."""
        dim = sum(block.dim for block in blocks)
        zeros = np.zeros(dim, np.float32)
        identities = tuple(np.eye(block.dim, dtype=np.float32) for block in blocks)
        return cls(tuple(blocks), identities, zeros, zeros, np.zeros((dim, dim), np.float32))

    @classmethod
    def read(cls, blocks: Sequence[Block], archive: bytes) -> "FaceSpace":
        """Read the statistics a pack ships: an .npz with whitening_0 …, mean, crowd_mean and crowd_covariance.

        Raises:
            ValueError: it is no such archive, or its shapes are not those of the blocks.
        """
        try:
            with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
                read = {name: _numbers(np.asarray(arrays[name])) for name in arrays.files}
        except _DAMAGE as error:
            raise ValueError("the statistics cannot be read") from error
        dim = sum(block.dim for block in blocks)
        shapes = {"mean": (dim,), "crowd_mean": (dim,), "crowd_covariance": (dim, dim)}
        shapes |= {f"whitening_{number}": (block.dim, block.dim) for number, block in enumerate(blocks)}
        for name, shape in shapes.items():
            if name not in read or read[name].shape != shape or not np.isfinite(read[name]).all():
                raise ValueError(f"the statistics have no {name} of shape {shape}")
        whitening = tuple(read[f"whitening_{number}"] for number in range(len(blocks)))
        return cls(tuple(blocks), whitening, read["mean"], read["crowd_mean"], read["crowd_covariance"])

    @property
    def dim(self) -> int:
        """Length D of a vector."""
        return sum(block.dim for block in self.blocks)

    def joined(self, described: Sequence[Floats]) -> Floats:
        """Put each embedder's (n, dim) vectors side by side by their shares: (n, D) unit vectors."""
        parts = [
            unit(vectors) * np.float32(np.sqrt(block.weight))
            for vectors, block in zip(described, self.blocks, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    def whitened(self, vectors: Floats) -> Floats:
        """Take (n, D) vectors to where a poor picture of a face is nearer to a good one: (n, D) unit vectors."""
        parts = zip(self._parts(vectors), self.whitening, strict=True)
        return self.joined([part @ whitening for part, whitening in parts])

    def renormalised(self, sums: Floats) -> Floats:
        """Turn (n, D) sums of vectors into unit vectors in which each embedder has its share again."""
        return self.joined(self._parts(sums))

    def centred(self, whitened: Floats) -> Floats:
        """Take out of whitened vectors what all faces have in common: (n, D) -> (n, D) unit vectors."""
        return unit(whitened - self.mean)

    def strangers(self, count: int) -> Floats:
        """Make up people: (count, D) unit vectors distributed like those of strangers; the same ones every time."""
        values, directions = np.linalg.eigh(self.crowd_covariance.astype(np.float64))
        spread = directions * np.sqrt(np.maximum(values, 0.0))
        draws = np.random.default_rng(0).standard_normal((count, self.dim))
        return self.renormalised((self.crowd_mean + draws @ spread.T).astype(np.float32))

    def _parts(self, vectors: Floats) -> list[Floats]:
        return np.split(vectors, np.cumsum([block.dim for block in self.blocks])[:-1], axis=1)


def _numbers(array: AnyArray) -> Floats:
    if array.dtype.kind != "f":
        raise ValueError(f"the statistics hold {array.dtype} instead of numbers with a fraction")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and that is refused
        return array.astype(np.float32)


def unit(vectors: Floats) -> Floats:
    """Scale vectors to length 1 along the last axis; a vector of zeros stays one."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)
