"""Dismissing recommendations, and making them pending again; nothing is written to Stash."""

from stash_sense.errors import RecommendationSettled, RecommendationUnknown
from stash_sense.recommendations.recommendation import Recommendation, Status
from stash_sense.recommendations.store import RecommendationStore


def dismiss(store: RecommendationStore, id_: int, reason: str = "", *, permanent: bool = False) -> Recommendation:
    """Dismiss one; one that was dismissed stays so, and may become permanently so.

    Raises:
        RecommendationUnknown: there is none.
        RecommendationSettled: it was resolved.
    """
    one = store.dismiss(id_, reason, permanent=permanent)
    if one is None:
        raise RecommendationUnknown(id=id_)
    if one.status is Status.RESOLVED:
        raise RecommendationSettled(id=id_, status=one.status.value)
    return one


def reopen(store: RecommendationStore, id_: int) -> Recommendation:
    """Make one pending again; what was written for it stays, until it is undone.

    Raises:
        RecommendationUnknown: there is none.
        RecommendationSuperseded: another one of the type is pending about the target.
    """
    one = store.reopen(id_)
    if one is None:
        raise RecommendationUnknown(id=id_)
    return one
