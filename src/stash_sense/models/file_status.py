"""What is known of one file of a pack: what it must be, and whether it is there and whole."""

from dataclasses import dataclass
from enum import StrEnum

from stash_sense.models.catalogue import BundledSource, CatalogueEntry, PackageSource, Source, SuppliedSource


class FileState(StrEnum):
    """Whether a file of a pack can be used."""

    INSTALLED = "installed"
    DAMAGED = "damaged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What is known of a file of a pack.

    Attributes:
        name: in the pack.
        state: whether it is there and what it must be.
        size: bytes that it must have; None where only an install finds out.
        sha256: that it must have, hex; None where only an install finds out.
        reason: why it cannot be used; empty when it can or was never installed.
    """

    name: str
    state: FileState
    size: int | None
    sha256: str | None
    reason: str = ""


def files_to_install(entry: CatalogueEntry, state: FileState, reason: str = "") -> tuple[FileStatus, ...]:
    """Return the files of a pack as far as the catalogue knows them, all in one state."""
    return tuple(FileStatus(source.file, state, *_known(source), reason) for source in entry.sources)


def _known(source: Source) -> tuple[int | None, str | None]:
    """Return the size and SHA-256 of the file that a source gives; what is converted is known only afterwards."""
    if isinstance(source, PackageSource) and source.converter == "none":
        return source.content_size, source.content_sha256
    if isinstance(source, SuppliedSource):
        return source.size, source.sha256
    if isinstance(source, BundledSource):
        return None, source.sha256
    return None, None
