"""Errors about what of a library shall be scanned."""

from stash_sense.errors.base import StashSenseError


class ScanError(StashSenseError):
    """The library cannot be scanned as asked."""

    code = "scan_error"


class ScanScopeUnknown(ScanError):
    """Stash has no {what} {name!r}; look there how it is called, or give its id."""

    code = "scan_scope_unknown"


class ScanScopeEmpty(ScanError):
    """Nothing is left to scan ({reason}); ask for scenes or images that there are."""

    code = "scan_scope_empty"


class SavedFilterUnusable(ScanError):
    """The filter {name!r} that is saved in Stash cannot be used here ({reason}); save it there without that, or use
    another one.
    """

    code = "saved_filter_unusable"
