"""Universal ids: who somebody is across databases, `<endpoint domain>:<id there>`."""

import re

SHORT_NAMES = {
    "stashdb": "stashdb.org",
    "theporndb": "theporndb.net",
    "fansdb": "fansdb.cc",
    "pmvstash": "pmvstash.org",
    "javstash": "javstash.org",
}
"""Domains of the stash-box endpoints by the short names that public databases use."""

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
