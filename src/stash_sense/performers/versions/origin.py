"""`<version>.origin.json`: how a version came to this machine, and who vouches for it."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from stash_sense.kernel.text import StoredText


class Origin(BaseModel):
    """How a version came to be here.

    Attributes:
        source: what it was built, imported or downloaded from, in the user's words.
        signed_by: id of the trusted key whose signature it came with, hex; None without a signature.
        reduced_from: version that the signature is of, where people who were forgotten here were left out of it.
        built_here: it was made on this machine, so that nobody else's signature is missing.
        manifest: SHA-256, hex, of the manifest of the version this is about: what is said of one must never be
            believed of another that has its name.
    """

    model_config = ConfigDict(frozen=True)

    source: StoredText
    signed_by: str | None = None
    reduced_from: str | None = None
    built_here: bool = False
    installed_at: AwareDatetime
    manifest: str | None = None
