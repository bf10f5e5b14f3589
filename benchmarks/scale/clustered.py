"""Vectors of people who do not exist, as crowded as real ones: several thousand people look more alike than not.

What people have in common is drawn with a power-law spectrum, so that few directions hold most of it, and so is what
changes from one picture to the next. At 512 values two people's pictures then have cosines that spread by 0.12, and a
face in a video has a median cosine of 0.52 to its own best reference and of 0.40 to the best of 50,000 others; its
person comes first for nine in ten. In this regime searching has something to lose: vectors spread evenly over the
sphere would be told apart by any search.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stash_sense.kernel.arrays import Doubles, Floats, Ints
from stash_sense.performers.search.index import Vectors
from stash_sense.performers.vectors import FusedVectors, VectorFile, map_vectors
from stash_sense.recognition.space import unit

SPREAD = 0.13
"""Standard deviation of the cosine of two vectors with the spectrum."""
ALIKE = 0.65
"""Cosine of two references of one person."""
PROBE = (0.55, 0.65)
"""Least and greatest cosine of a face in a video to the middle of its person."""
KNOWN = 0.8
"""Share of the probes whose person has references."""
_PEOPLE = 8192


class Spectrum:
    """Draws unit vectors whose variance falls off by a power law, in directions of its own."""

    def __init__(self, dim: int, random: np.random.Generator) -> None:
        low, high = 0.0, 3.0
        for _ in range(50):
            middle = (low + high) / 2.0
            variances = np.arange(1.0, dim + 1.0) ** -middle
            wide = np.linalg.norm(variances) / variances.sum() > SPREAD
            low, high = (low, middle) if wide else (middle, high)
        directions = np.linalg.qr(random.normal(size=(dim, dim)))[0]
        self._random = random
        self._shape = (directions * np.sqrt(variances)).T.astype(np.float32)

    def draw(self, count: int) -> Floats:
        """Draw (count, dim) unit vectors."""
        normal = self._random.standard_normal((count, len(self._shape)), np.float32)
        drawn: Floats = unit(normal @ self._shape)
        return drawn

    def around(self, middles: Floats, cosines: Doubles) -> Floats:
        """Draw one vector for each of (n, dim) middles, at (n,) cosines to it."""
        aside = self.draw(len(middles))
        aside = unit(aside - np.vecdot(aside, middles)[:, None] * middles)
        share = cosines[:, None].astype(np.float32)
        found: Floats = middles * share + aside * np.sqrt(1 - share * share)
        return found


def write(folder: Path, dims: Sequence[int], faces: int, probes: int, seed: int = 0) -> None:
    """Write vector files as a database has them, two or three faces of each person together, and probes."""
    random = np.random.default_rng(seed)
    counts = random.integers(2, 4, faces // 2 + 1)
    ends = np.minimum(np.cumsum(counts), faces)
    counts = np.diff(ends, prepend=0)[: int(np.searchsorted(ends, faces)) + 1]
    known = np.sort(random.choice(len(counts), int(probes * KNOWN), replace=False))
    cosines = random.uniform(*PROBE, probes)
    parts = [_write_embedder(folder, dim, counts, known, cosines, random) for dim in dims]
    share = np.float32(np.sqrt(1.0 / len(dims)))
    np.save(folder / "probes.npy", np.concatenate([part * share for part in parts], axis=1))


def _write_embedder(
    folder: Path, dim: int, counts: Ints, known: Ints, cosines: Doubles, random: np.random.Generator
) -> Floats:
    spectrum = Spectrum(dim, random)
    wanted = []
    # Several embedders may be as long: each file has the number of its place.
    with VectorFile(folder / f"vectors-{len(list(folder.glob('vectors-*')))}.npy", dim) as file:
        for start in range(0, len(counts), _PEOPLE):
            some = counts[start : start + _PEOPLE]
            middles = spectrum.draw(len(some))
            references = np.repeat(middles, some, axis=0)
            file.append(spectrum.around(references, np.full(len(references), np.sqrt(ALIKE))))
            wanted.append(middles[known[(known >= start) & (known < start + len(some))] - start])
        file.finish()
    strangers = spectrum.draw(len(cosines) - len(known))
    return spectrum.around(np.concatenate([*wanted, strangers]), cosines)


def read(folder: Path, dims: Sequence[int], faces: int) -> tuple[Vectors, Floats]:
    """Map what `write` made: the vectors of equal weights, and the probes."""
    files = [map_vectors(folder / f"vectors-{place}.npy", faces, dim, "float16") for place, dim in enumerate(dims)]
    return FusedVectors([(file, 1.0 / len(dims)) for file in files]), np.load(folder / "probes.npy")
