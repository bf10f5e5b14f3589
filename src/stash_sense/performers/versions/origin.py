"""`<version>.origin.json`: how a version came to this machine, and who vouches for it."""

from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from stash_sense.kernel.text import StoredText


class Origin(BaseModel):
    """How a version came to be here.

    Attributes:
        source: what it was built, imported or downloaded from, in the user's words.
        signed_by: id of the trusted key whose signature it came with, hex; None without a signature.
        reduced_from: name of the version that came from there, where people who were forgotten here were left out of
            it; it is that one which was signed.
        left_out: ids by which these are on the list of the forgotten: they come back once they are on it no longer.
        built_here: it was made on this machine, so that nobody else's signature is missing.
        manifest: SHA-256, hex, of the manifest of the version this is about: what is said of one must never be
            believed of another that has its name.
    """

    model_config = ConfigDict(frozen=True)

    source: StoredText
    signed_by: str | None = None
    reduced_from: str | None = None
    left_out: frozenset[str] = frozenset()
    built_here: bool = False
    installed_at: AwareDatetime
    manifest: str | None = None


def new_origin(source: str, *, signed_by: str | None = None, built_here: bool = False) -> Origin:
    """Say how a version comes to be here now."""
    return Origin(source=source, signed_by=signed_by, built_here=built_here, installed_at=datetime.now(UTC))
