"""Universal ids: who somebody is across databases, `<endpoint domain>:<id there>`."""

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

SHORT_NAMES = {
    "stashdb": "stashdb.org",
    "theporndb": "theporndb.net",
    "fansdb": "fansdb.cc",
    "pmvstash": "pmvstash.org",
    "javstash": "javstash.org",
}
"""Domains of the stash-box endpoints by the short names that public databases use."""

STASH = "stash"
"""In a domain's place, of who is known to a Stash only; also the origin of pictures that a Stash holds."""

_DOMAIN_OF = {domain: name for name, domain in SHORT_NAMES.items()}
_UNIVERSAL_ID = re.compile(r"[a-z0-9][a-z0-9.\-]*(:\d+)?:[^\x00-\x1f\x7f]{1,300}")


def domain_of(endpoint: str) -> str:
    """Return the domain of an endpoint's short name; anything else is returned as it is."""
    return SHORT_NAMES.get(endpoint, endpoint)


def short_name_of(domain: str) -> str:
    """Return the short name of an endpoint's domain; the domain itself where it has none."""
    return _DOMAIN_OF.get(domain, domain)


def is_universal_id(text: str) -> bool:
    """Whether this has the form of a universal id."""
    return _UNIVERSAL_ID.fullmatch(text) is not None


def universal_id(domain: str, id_there: str) -> str:
    """Put a universal id together."""
    return f"{domain}:{id_there}"


def domain_at(endpoint: str) -> str:
    """Return the domain of an endpoint's address, with the port where one is named; empty for no address."""
    try:
        return urlsplit(endpoint).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def stash_only_id(performer_id: str, created_at: datetime) -> str:
    """Return the universal id of somebody whom no stash-box knows: `stash:<id there>-<when they were added>`.

    A Stash has no name of its own, and its address changes. The same number given out in the same second in two of
    them is as good as impossible, and a copy of a library names the same people alike.
    """
    return universal_id(STASH, f"{performer_id}-{created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
