"""What is found of scenes, images and galleries -> the recommendations that there are about them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from stash_sense.recommendations.recommendation import NewRecommendation, Recommendation, Status, Target
from stash_sense.recommendations.store import PageQuery, Position, RecommendationStore
from stash_sense.recommendations.submitting import Became
from stash_sense.recommendations.types import RecommendationType

_DECIDED = (Status.RESOLVED, Status.DISMISSED)
_NEWS = (Became.NEW, Became.BACK, Became.CHANGED)
_PAGE = 500
_CHEAPER = 15
"""Recommendations that are read of a page for the price of asking about one target."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of recommendations: how many are new, and how many are withdrawn."""

    new: int = 0
    withdrawn: int = 0

    def __add__(self, other: "Told") -> "Told":
        return Told(self.new + other.new, self.withdrawn + other.withdrawn)


@dataclass
class Findings:
    """Gathered, and told together: each telling is a transaction."""

    store: RecommendationStore
    _found: list[NewRecommendation] = field(default_factory=list)
    _nothing: dict[str, list[Target]] = field(default_factory=dict)

    def found(self, recommendation: NewRecommendation) -> None:
        """Note one."""
        self._found.append(recommendation)

    def nothing(self, type_: RecommendationType, ids: Iterable[str]) -> None:
        """Note that there is nothing to recommend about these."""
        self._nothing.setdefault(type_.name, []).extend(Target(type_.target_kind, one) for one in ids)

    def tell(self) -> Told:
        """Submit what was found, and withdraw what is found no more.

        Raises:
            StorageError, StateError: it cannot be kept.
        """
        told = Told()
        if self._found:
            submitted = self.store.submit(self._found)
            told += Told(new=sum(one.became in _NEWS for one in submitted))
        for type_, targets in self._nothing.items():
            if targets:
                told += Told(withdrawn=self.store.withdraw(type_, targets))
        self._found, self._nothing = [], {}
        return told


def decided(
    store: RecommendationStore, type_: RecommendationType, target_ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return ids of the people about whom the user has decided, by target: to tag them, or that it is not they.

    They are not recommended again there, in whatever company they are found.
    """
    counts = store.counts().get(type_.name, {})
    settled = sum(counts.get(status, 0) for status in _DECIDED)
    if not settled or not target_ids:
        return {}
    query = PageQuery(statuses=_DECIDED, types=(type_.name,), limit=_PAGE)
    rows: Iterable[Recommendation]
    if settled <= _CHEAPER * len(target_ids):
        rows = _all(store, query)
    else:
        targets = [Target(type_.target_kind, one) for one in target_ids]
        rows = (one for target in targets for one in store.page(replace(query, target=target)))
    found: dict[str, set[str]] = {}
    for one in rows:
        if not one.is_outdated and one.target.id in target_ids:
            found.setdefault(one.target.id, set()).update(str(person["person_id"]) for person in _people(one.details))
    return {target: frozenset(people) for target, people in found.items()}


def pending_targets(store: RecommendationStore, type_: RecommendationType) -> list[str]:
    """Return the targets of all that is pending of a type."""
    query = PageQuery(statuses=(Status.PENDING,), types=(type_.name,), limit=_PAGE)
    return [one.target.id for one in _all(store, query)]


def _all(store: RecommendationStore, query: PageQuery) -> Iterator[Recommendation]:
    while page := store.page(query):
        yield from page
        query = replace(query, after=Position(page[-1].id))


def _people(details: object) -> Sequence[dict[str, object]]:
    people = details.get("people") if isinstance(details, dict) else None
    return people if isinstance(people, list) else ()
