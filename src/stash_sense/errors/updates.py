"""Errors about updating the performers database from a source of releases."""

from stash_sense.errors.base import StashSenseError


class UpdateError(StashSenseError):
    """The performers database cannot be updated from {source}."""

    code = "update_error"


class ReleaseUnsigned(UpdateError):
    """Version {version} at {source} is not signed, so nobody vouches for it; repeat with --allow-unsigned if you
    trust the place it comes from.
    """

    code = "release_unsigned"


class BuiltHere(UpdateError):
    """Version {version} with {performers:,} performers is in use and was built here; {offered} from {source} would
    take its place. Repeat with --yes, or say `replace` true with the job, if that is meant.
    """

    code = "built_here"


class SourceNotNamed(UpdateError):
    """No source of releases is named; add --from SOURCE, a folder, an https address or owner/name on GitHub, or set
    it for good with `stash-sense settings set database_source SOURCE`.
    """

    code = "source_not_named"


class OtherOfSameName(UpdateError):
    """Version {version} is in use, and {source} has another database of that name; {remedy}."""

    code = "other_of_same_name"


class SourceEmpty(UpdateError):
    """{source} has no release to offer{why}; ask its publisher, or repeat with --pre-releases for those meant for
    trying out.
    """

    code = "source_empty"


class UpdateRunning(UpdateError):
    """Another update of the performers databases in {source} is at work; wait until it is done."""

    code = "update_running"
