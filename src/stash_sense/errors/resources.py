"""Errors about what is heavy and loaded on demand: models, search matrices."""

from stash_sense.errors.base import StashSenseError


class ResourceError(StashSenseError):
    """{resource} cannot be used."""

    code = "resource_error"


class ResourceNotLoaded(ResourceError):
    """{resource} could not be loaded ({reason}); mend that and try again: the next use loads it anew."""

    code = "resource_not_loaded"


class ResourceNeedsItself(ResourceError):
    """{resource} needs itself to be loaded, so it never can be; please report this fault in Stash Sense."""

    code = "resource_needs_itself"
