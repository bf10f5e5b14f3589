"""What reading from a stash-box gives: things by their ids, pages of what changed, matches of fingerprints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from stash_sense.stashbox.entities import Scene
from stash_sense.stashbox.fingerprints import Evidence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was found of a number of ids.

    Attributes:
        items: by id, in the order in which they were asked for; deleted and merged ones among them.
        unknown: ids that nobody has.
        refused: what the endpoint says of ids that it does not take, by id.
    """

    items: Mapping[str, T]
    unknown: tuple[str, ...]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of what changed, the latest first; `total` of the kind that the endpoint has at that moment."""

    items: tuple[T, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Match:
    """A scene that the endpoint gives for fingerprints.

    Attributes:
        scene: as it is there.
        evidence: what it has in common with what was asked, the best first; empty where the endpoint sees a likeness
            that we cannot.
    """

    scene: Scene
    evidence: tuple[Evidence, ...]
