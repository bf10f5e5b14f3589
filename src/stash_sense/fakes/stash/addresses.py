"""Addresses that are given out: absolute, with the time of the last change so that caches let go of old pictures."""

from datetime import datetime

from stash_sense.fakes.stash.rows import Row


def stamped(address: str, row: Row) -> str:
    """Return an address with the time of the row's last change, in seconds since 1970."""
    return f"{address}?t={int(datetime.fromisoformat(row['updated_at']).timestamp())}"


def picture(base: str, kind: str, row: Row) -> str:
    """Return the address of the picture of a performer, studio or tag; it says so when it is the default one."""
    address = stamped(f"{base}/{kind}/{row['id']}/image", row)
    return address if row["picture"] else f"{address}&default=true"
