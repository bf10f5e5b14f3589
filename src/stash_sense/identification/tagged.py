"""Who is tagged in Stash -> who that is among the people who can be recognised."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from stash_sense.library.people import Performer
from stash_sense.performers.ids import universal_id
from stash_sense.performers.roster import Roster


def rows_of(performers: Iterable[Performer], roster: Roster) -> Mapping[str, frozenset[int]]:
    """Find performers of Stash: by their ids at stash-box endpoints, and where these lead to nobody by their names.

    Somebody of the same name whom the same endpoint knows by another id is somebody else.

    Returns:
        Row numbers by the performer's id in Stash; empty for who is not known here.
    """
    return {performer.id: _rows_of(performer, roster) for performer in performers}


def _rows_of(performer: Performer, roster: Roster) -> frozenset[int]:
    ids = {
        universal_id(domain, one.stash_id): domain for one in performer.stash_ids if (domain := _domain(one.endpoint))
    }
    if found := roster.with_ids(ids.keys()):
        return found
    elsewhere = tuple(f"{domain}:" for domain in ids.values())
    return frozenset(row for row in roster.named({performer.name}) if not roster[row].id.startswith(elsewhere))


def _domain(endpoint: str) -> str:
    """Return an endpoint's domain as universal ids have it, with the port where one is named; empty for none."""
    try:
        return urlsplit(endpoint).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
