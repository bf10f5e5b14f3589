"""Who is tagged in Stash -> who that is among the people who can be recognised."""

from collections.abc import Iterable, Mapping

from stash_sense.library.people import Performer
from stash_sense.performers.ids import STASH, domain_at, stash_only_id, universal_id
from stash_sense.performers.roster import Roster


def rows_of(performers: Iterable[Performer], roster: Roster) -> Mapping[str, frozenset[int]]:
    """Find performers of Stash by their ids, at stash-boxes and in Stash; where these lead to nobody by their names.

    Somebody of the same name whom the same endpoint, or Stash, knows by another id is somebody else.

    Returns:
        Row numbers by the performer's id in Stash; empty for who is not known here.
    """
    return {performer.id: _rows_of(performer, roster) for performer in performers}


def _rows_of(performer: Performer, roster: Roster) -> frozenset[int]:
    ids = {
        universal_id(domain, one.stash_id): domain
        for one in performer.stash_ids
        if (domain := domain_at(one.endpoint))
    }
    own = stash_only_id(performer.id, performer.created_at)
    if found := roster.with_ids({*ids, own}):
        return found
    elsewhere = tuple(f"{domain}:" for domain in (STASH, *ids.values()))
    return frozenset(row for row in roster.named({performer.name}) if not roster[row].id.startswith(elsewhere))
