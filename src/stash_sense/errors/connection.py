"""Errors about the way to the user's Stash before anybody is asked."""

from stash_sense.errors.stash import StashError


class StashNotSet(StashError):
    """No Stash is named; set STASH_URL to the address that you open Stash with, such as http://192.168.1.10:9999."""

    code = "stash_not_set"
