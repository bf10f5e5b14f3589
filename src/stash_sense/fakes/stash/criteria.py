"""Criteria of filters as SQLite evaluates them: LIKE, text that is compared as text, NULL that matches nothing."""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from stash_sense.fakes.graphql.engine import Flaw, ResolverError

Criterion = Mapping[str, Any]
Claim = Callable[[Any], bool]
"""About a value of a row."""


@lru_cache(1024)
def like(pattern: str) -> re.Pattern[str]:
    """Return LIKE: % is any text, _ any one character; case counts beyond ASCII only."""
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.IGNORECASE | re.ASCII | re.DOTALL)


def contains(word: str) -> Callable[[str | None], bool]:
    """Return LIKE '%word%'."""
    return _liked(f"%{word}%")


def text(criterion: Criterion) -> Claim:
    """Judge a text as StringCriterionInput; None and "" are NULL.

    EQUALS is LIKE, INCLUDES is any of the words unless they stand in double quotes.
    """
    value, modifier = criterion["value"], criterion["modifier"]
    if modifier in ("IS_NULL", "NOT_NULL"):
        wanted = modifier == "NOT_NULL"
        return lambda found: bool((found or "").strip()) == wanted
    if modifier in ("EQUALS", "NOT_EQUALS"):
        return _stated(modifier == "EQUALS", _liked(value))
    if modifier in ("INCLUDES", "EXCLUDES"):
        words = [contains(word) for word in _words(value)]
        return _stated(modifier == "INCLUDES", lambda found: any(word(found) for word in words))
    if modifier in ("MATCHES_REGEX", "NOT_MATCHES_REGEX"):
        wanted, pattern = modifier == "MATCHES_REGEX", _regex(value)
        return lambda found: bool(found and pattern.search(found)) == wanted
    raise Flaw(f"{modifier} of text")


def any_text(criterion: Criterion) -> Claim:
    """Judge a list of texts as a joined table: one must match, none for the negations."""
    modifier = criterion["modifier"]
    if modifier == "IS_NULL":
        return lambda found: not found
    if modifier == "EXCLUDES" or (modifier.startswith("NOT_") and modifier != "NOT_NULL"):
        positive = {"EXCLUDES": "INCLUDES"}.get(modifier, modifier.removeprefix("NOT_"))
        claim = text({**criterion, "modifier": positive})
        return lambda found: not any(claim(one) for one in found)
    claim = text(criterion)
    return lambda found: any(claim(one) for one in found)


def ordered(criterion: Criterion) -> Claim:
    """Judge a number, or a time that is compared as text, as Int-, Float-, Date- and TimestampCriterionInput."""
    value, second, modifier = criterion["value"], criterion.get("value2"), criterion["modifier"]
    second = value if second is None else second
    claims: dict[str, Claim] = {
        "EQUALS": lambda found: found == value,
        "NOT_EQUALS": lambda found: found != value,
        "GREATER_THAN": lambda found: found > value,
        "LESS_THAN": lambda found: found < value,
        "BETWEEN": lambda found: value <= found <= second,
        "NOT_BETWEEN": lambda found: not value <= found <= second,
    }
    if modifier in ("IS_NULL", "NOT_NULL"):
        wanted = modifier == "NOT_NULL"
        return lambda found: (found is not None) == wanted
    if modifier not in claims:
        raise Flaw(f"{modifier} of numbers and times")
    claim = claims[modifier]
    return lambda found: found is not None and claim(found)


def members(criterion: Criterion, closed: Callable[[int], Collection[int]] = lambda member: (member,)) -> Claim:
    """Judge a list of ids as MultiCriterionInput and HierarchicalMultiCriterionInput.

    Args:
        criterion: value, modifier, excludes.
        closed: gives the ids that stand for one, as a tag and its children.
    """
    modifier = criterion["modifier"]
    groups = [set(closed(_id(one))) for one in criterion.get("value") or ()]
    excluded = set().union(*(closed(_id(one)) for one in criterion.get("excludes") or ()))
    every = set().union(*groups)
    claims: dict[str, Callable[[set[int]], bool]] = {
        "IS_NULL": lambda found: not found,
        "NOT_NULL": lambda found: bool(found),
        "INCLUDES": lambda found: not groups or not every.isdisjoint(found),
        "INCLUDES_ALL": lambda found: all(not group.isdisjoint(found) for group in groups),
        "EXCLUDES": lambda found: every.isdisjoint(found),
        "EQUALS": lambda found: len(found) == len(groups) and all(not group.isdisjoint(found) for group in groups),
        "NOT_EQUALS": lambda found: found != every,
    }
    if modifier not in claims:
        raise Flaw(f"{modifier} of ids")
    claim = claims[modifier]
    return lambda found: claim(set(found)) and excluded.isdisjoint(found)


def stash_id(criterion: Criterion) -> Claim:
    """Judge stash_ids as StashIDCriterionInput: those of the endpoint, all if none is named."""
    endpoint, modifier = criterion.get("endpoint"), criterion["modifier"]
    claim = any_text({"value": criterion.get("stash_id") or "", "modifier": modifier})
    return lambda found: claim([own["stash_id"] for own in found if not endpoint or own["endpoint"] == endpoint])


def stash_ids(criterion: Criterion) -> Claim:
    """Judge stash_ids as StashIDsCriterionInput: any of several ids of one endpoint."""
    endpoint, modifier = criterion.get("endpoint"), criterion["modifier"]
    wanted = {one for one in criterion.get("stash_ids") or () if one}
    claims: dict[str, Callable[[set[str]], bool]] = {
        "EQUALS": lambda found: not wanted.isdisjoint(found),
        "NOT_EQUALS": lambda found: wanted.isdisjoint(found),
        "IS_NULL": lambda found: not found,
        "NOT_NULL": lambda found: bool(found),
    }
    if modifier not in claims:
        raise Flaw(f"{modifier} of stash_ids")
    claim = claims[modifier]
    return lambda found: claim({own["stash_id"] for own in found if not endpoint or own["endpoint"] == endpoint})


def custom_fields(criteria: list[Criterion]) -> Claim:
    """Judge custom fields: every criterion must hold."""
    claims = [(criterion["field"], _custom(criterion)) for criterion in criteria]
    return lambda found: all(claim(found.get(name)) for name, claim in claims)


def hash_distance(criterion: Criterion) -> Claim:
    """Judge phashes, as hexadecimal text, by the bits in which they differ."""
    try:
        wanted = int(criterion["value"], 16)
    except ValueError:
        raise ResolverError(f'strconv.ParseUint: parsing "{criterion["value"]}": invalid syntax') from None
    farthest, near = criterion.get("distance") or 0, criterion["modifier"] == "EQUALS"
    return lambda found: bool(found) and any((int(one, 16) ^ wanted).bit_count() <= farthest for one in found) == near


def _custom(criterion: Criterion) -> Claim:
    modifier, values = criterion["modifier"], list(criterion.get("value") or ())
    if modifier in ("IS_NULL", "NOT_NULL"):
        wanted = modifier == "NOT_NULL"
        return lambda found: (found is not None) == wanted
    if modifier in ("EQUALS", "NOT_EQUALS"):
        same = [str(value) for value in values]
        return lambda found: found is not None and (str(found) in same) == (modifier == "EQUALS")
    if modifier in ("INCLUDES", "EXCLUDES"):
        words = [contains(str(value)) for value in values]
        return _stated(modifier == "INCLUDES", lambda found: any(word(str(found)) for word in words))
    raise Flaw(f"{modifier} of custom fields")


def _liked(pattern: str) -> Callable[[str | None], bool]:
    matches = like(pattern).fullmatch
    return lambda found: matches(found or "") is not None


def _stated(wanted: bool, claim: Claim) -> Claim:
    return lambda found: found not in (None, "") and claim(found) == wanted


def _words(value: str) -> list[str]:
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        return [value[1:-1]]
    return value.split() or [value]


def _regex(value: str) -> re.Pattern[str]:
    try:
        return re.compile(value)
    except re.error as error:
        raise ResolverError(f"error parsing regexp: {error}") from None


def _id(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise ResolverError(f'strconv.Atoi: parsing "{value}": invalid syntax') from None
