"""What people call a stash-box -> the address under which Stash has it set up."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from stash_sense.library.server import StashBoxEndpoint


def address_of(named: str, boxes: Iterable[StashBoxEndpoint]) -> str:
    """Return the address of the stash-box of an address, domain or name; what is none of these, as it is."""
    wanted = named.strip().rstrip("/").casefold()
    known = list(boxes)
    for said in (_address, _domain, _name):
        for box in known:
            if said(box) == wanted:
                return box.endpoint
    return named


def _address(box: StashBoxEndpoint) -> str:
    return box.endpoint.rstrip("/").casefold()


def _domain(box: StashBoxEndpoint) -> str:
    try:
        return urlsplit(box.endpoint).netloc.rpartition("@")[2].casefold()
    except ValueError:
        return ""


def _name(box: StashBoxEndpoint) -> str:
    return box.name.strip().casefold()
