"""Scenes by fingerprints: the recorded version compares what is written, newer ones compare numbers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stashbox.profiles import Profile
from stash_sense.fakes.stashbox.state import Row, State

MOST_GROUPS = 40
_DIGITS = 16


def by_groups(state: State, groups: Sequence[Sequence[Mapping[str, Any]]], profile: Profile) -> list[list[Row]]:
    """Return the scenes of each group of fingerprints, in the order of the groups.

    Raises:
        ResolverError: there are more than 40.
    """
    if len(groups) > MOST_GROUPS:
        raise ResolverError("too many scenes")
    return [matching(state, group, profile) for group in groups]


def matching(state: State, asked: Iterable[Mapping[str, Any]], profile: Profile) -> list[Row]:
    """Return the scenes that have one of the fingerprints."""
    wanted = {(one["algorithm"], _compared(one["hash"], one["algorithm"], profile)) for one in asked}
    wanted = {one for one in wanted if one[1] is not None}
    if not wanted:
        return []
    return [scene for scene in state.listed("scenes") if wanted & _known(scene, profile)]


def written(text: str, profile: Profile) -> str:
    """Write a hash as the profile does."""
    return text if profile is not Profile.NEWER else f"{_number(text):016x}"


def _known(scene: Row, profile: Profile) -> set[tuple[str | None, str | int | None]]:
    found: set[tuple[str | None, str | int | None]] = set()
    for one in scene["fingerprints"]:
        compared = _compared(one["hash"], one["algorithm"], profile)
        found |= {(one["algorithm"], compared), (None, compared)}
    return found


def _compared(text: str, algorithm: str | None, profile: Profile) -> str | int | None:
    if profile is not Profile.NEWER:
        return text
    return None if algorithm == "MD5" else _number(text)


def _number(text: str) -> int:
    """Read a hash; one that is too long, as an MD5 is, or none at all, becomes 0."""
    try:
        return int(text, 16) if len(text) <= _DIGITS else 0
    except ValueError:
        return 0
