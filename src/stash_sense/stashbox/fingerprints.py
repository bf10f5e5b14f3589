"""Fingerprints of videos as 64-bit numbers, for the same one is written in several ways.

Stash writes a perceptual hash without zeros in front, newer stash-boxes with sixteen digits, and older ones look for
the text that somebody once sent. So numbers are compared, never texts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

_HEX = re.compile(r"[0-9a-fA-F]{1,16}")


class Algorithm(StrEnum):
    """What a fingerprint is of. MD5 has 128 bits and is left out: newer stash-boxes know it no more."""

    OSHASH = "OSHASH"
    """The file's first and last 64 KB and its size: equal for equal files."""
    PHASH = "PHASH"
    """What the video shows: differs in few bits for what looks the same."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One fingerprint; `value` from 1 to 2^64 - 1, for 0 is what everything without one has."""

    algorithm: Algorithm
    value: int

    @classmethod
    def read(cls, algorithm: str, text: str) -> Self | None:
        """Read one as Stash or a stash-box writes it; None for what cannot be compared."""
        if algorithm.upper() not in Algorithm.__members__ or not _HEX.fullmatch(text) or not int(text, 16):
            return None
        return cls(Algorithm(algorithm.upper()), int(text, 16))

    @property
    def spellings(self) -> tuple[str, ...]:
        """All ways to write it that somebody may have used, for servers that compare texts."""
        padded, plain = f"{self.value:016x}", f"{self.value:x}"
        both = self.algorithm is Algorithm.PHASH and padded != plain
        return (padded, plain) if both else (padded,)

    def distance(self, other: "Fingerprint") -> int:
        """Count the bits in which two fingerprints of the same algorithm differ."""
        return (self.value ^ other.value).bit_count()


@dataclass(frozen=True, slots=True)
class StoredFingerprint:
    """A fingerprint of a scene at a stash-box.

    Attributes:
        fingerprint: itself.
        duration: of the video that it is of, seconds.
        submissions: how many people said that it is of this scene; None where the endpoint does not say.
        reports: how many said that it is not.
    """

    fingerprint: Fingerprint
    duration: int
    submissions: int | None
    reports: int | None
    created: datetime | None

    @property
    def trust(self) -> int:
        """How many more people say that it is of this scene than that it is not."""
        return (1 if self.submissions is None else self.submissions) - (self.reports or 0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a scene is a match: one of our fingerprints, the nearest one there, and in how many bits they differ."""

    ours: Fingerprint
    theirs: StoredFingerprint
    distance: int


def evidence(ours: Iterable[Fingerprint], theirs: Iterable[StoredFingerprint]) -> tuple[Evidence, ...]:
    """Compare each of our fingerprints with those of a scene.

    Returns:
        For each of ours the nearest one of the same algorithm, where the scene has any: the best first. A file's hash
        is left out unless it is equal, for then it says nothing.
    """
    stored = list(theirs)
    found = []
    for one in ours:
        near = [
            Evidence(one, other, one.distance(other.fingerprint))
            for other in stored
            if other.fingerprint.algorithm is one.algorithm
        ]
        best = min(near, key=lambda match: (match.distance, -match.theirs.trust), default=None)
        if best is not None and (best.distance == 0 or one.algorithm is Algorithm.PHASH):
            found.append(best)
    return tuple(sorted(found, key=lambda match: (match.distance, match.ours.algorithm, -match.theirs.trust)))
