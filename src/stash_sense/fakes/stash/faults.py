"""The faults of a Stash: those of any server, and its own."""

from stash_sense.fakes.graphql.faults import COMMON, Fault, Faults

OWN = {
    "locked": "another process holds the database: writes are refused, and counted; reads go on",
    "setup": "was never set up",
    "migration": "waits for its database to be migrated",
    "exposed": "was reached from the internet without a password, and answers nothing any more",
}
"""What each is that only a Stash has."""
KINDS = {**OWN, **COMMON}

__all__ = ["KINDS", "OWN", "Fault", "Faults"]
