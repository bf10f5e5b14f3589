"""The manifest beside an archive: which release this is, what the archive's bytes must be, and what is in it.

It is what a publisher signs; everything else of a release is believed only as far as it agrees with it.
"""

import json
from typing import Annotated, Literal

from packaging.version import InvalidVersion, Version
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from stash_sense import __version__
from stash_sense.errors import (
    ReleaseContradictory,
    ReleaseNeedsNewerProgram,
    ReleaseSchemaUnknown,
    ReleaseUnreadable,
)
from stash_sense.performers.manifest import FileEntry, Manifest, Name, Sha256, VersionText

SCHEMA = 1
MANIFEST_BYTES = 4_000_000
"""Most bytes of a manifest or listing that are read; a manifest has some 2,000."""
LISTING_NAME = "releases.json"
MANIFEST_SUFFIX = ".release.json"
_SHARED = ("version", "requires", "pack", "created_at", "performer_count", "face_count")
"""What the manifest beside the archive and the one inside both say."""

_VERSION_LETTERS = 64
"""Longer texts are no versions; to take one apart takes time that grows with its square."""

BareName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=200)]
"""The name of a file beside the others, never of one elsewhere."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def to_json(self) -> bytes:
        """Write it, equal ones to equal bytes."""
        return (self.model_dump_json(by_alias=True, indent=2) + "\n").encode()


class ArchiveEntry(_Part):
    """What the bytes of the archive must be."""

    name: BareName
    size: int = Field(gt=0, lt=2**50)
    sha256: Sha256


class ReleaseManifest(_Part):
    """What a publisher says of a release.

    Attributes:
        requires: the oldest version of this program that understands it.
        pack: id of the model pack that made the vectors.
        archive: the zip beside it.
        manifest: the one in the archive, whole.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    version: VersionText
    requires: VersionText
    pack: Name
    created_at: AwareDatetime
    performer_count: int = Field(ge=0)
    face_count: int = Field(ge=0)
    archive: ArchiveEntry
    manifest: Manifest

    @property
    def name(self) -> str:
        """The name of its own file."""
        return release_name(self.version)

    @classmethod
    def of(cls, manifest: Manifest, packed: FileEntry) -> "ReleaseManifest":
        """Describe the release of a version whose archive has become these bytes."""
        archive = ArchiveEntry(name=archive_name(manifest.version), size=packed.size, sha256=packed.sha256)
        shared = {name: getattr(manifest, name) for name in _SHARED}
        return cls(archive=archive, manifest=manifest, **shared)

    @classmethod
    def read(cls, content: bytes, name: str, program: str = __version__) -> "ReleaseManifest":
        """Read the manifest of a release; whether its signature is good is another question (see `signing`).

        Args:
            content: of the file.
            name: of the file, for errors.
            program: version of this program.

        Raises:
            ReleaseUnreadable: it is no manifest of a release.
            ReleaseSchemaUnknown: it is of a schema that this program does not know.
            ReleaseNeedsNewerProgram: it says so.
            ReleaseContradictory: it says another thing of the archive than the manifest in it.
        """
        document = read_object(content, name)
        _check_understood(document, name, program)
        try:
            release = cls.model_validate_json(content)
        except ValidationError as error:
            raise ReleaseUnreadable(name=name, reason=_first(error)) from error
        _check_agrees(release, name)
        return release


class ListedRelease(_Part):
    """One line of a folder's listing: a version, and the name of its manifest's file."""

    version: VersionText
    manifest: BareName


class ReleaseListing(_Part):
    """What a folder of releases offers, newest first. It is not signed, and trusted for nothing but where to look."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    releases: tuple[ListedRelease, ...] = Field(default=(), max_length=10_000)

    @classmethod
    def read(cls, content: bytes, name: str = LISTING_NAME) -> "ReleaseListing":
        """Read a listing.

        Raises:
            ReleaseUnreadable: it is none.
            ReleaseSchemaUnknown: it is of a schema that this program does not know.
        """
        _check_schema(read_object(content, name), name)
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise ReleaseUnreadable(name=name, reason=_first(error)) from error


def release_name(version: str) -> str:
    """Name the file of a release's manifest."""
    return f"performers-{version}{MANIFEST_SUFFIX}"


def archive_name(version: str) -> str:
    """Name the archive of a release."""
    return f"performers-{version}.zip"


def read_manifest(content: bytes, name: str) -> Manifest:
    """Read the manifest of a version as strictly as that of a release, wherever it was found.

    Raises:
        ReleaseUnreadable: it is none.
    """
    read_object(content, name)
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ReleaseUnreadable(name=name, reason=_first(error)) from error


def read_object(content: bytes, name: str) -> dict[str, object]:
    """Read a JSON object that may come from anybody: not too long, and every key once.

    Raises:
        ReleaseUnreadable: it is none.
    """
    if len(content) > MANIFEST_BYTES:
        raise ReleaseUnreadable(name=name, reason=f"it has more than {MANIFEST_BYTES} bytes")
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_no_number)
    except RecursionError as error:
        raise ReleaseUnreadable(name=name, reason="it is nested too deeply") from error
    except ValueError as error:
        raise ReleaseUnreadable(name=name, reason=f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ReleaseUnreadable(name=name, reason="it is not a JSON object")
    return document


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers may believe two different ones of a key that is there twice.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")


def _check_understood(document: dict[str, object], name: str, program: str) -> None:
    """Say that a newer program is needed before finding fault with what only that one understands."""
    running = Version(program)
    inner = document.get("manifest")
    for part in (document, inner if isinstance(inner, dict) else {"schema": SCHEMA}):
        _check_schema(part, name)
        requires = part.get("requires")
        try:
            too_old = isinstance(requires, str) and len(requires) <= _VERSION_LETTERS and Version(requires) > running
        except InvalidVersion:
            continue
        if too_old:
            raise ReleaseNeedsNewerProgram(name=name, requires=requires, program=program)


def _check_schema(document: dict[str, object], name: str) -> None:
    schema = document.get("schema")
    if type(schema) is not int:
        raise ReleaseUnreadable(name=name, reason="it does not say its schema")
    if schema != SCHEMA:
        raise ReleaseSchemaUnknown(name=name, schema=schema)


def _check_agrees(release: ReleaseManifest, name: str) -> None:
    for key in _SHARED:
        outside, inside = getattr(release, key), getattr(release.manifest, key)
        if outside != inside:
            raise ReleaseContradictory(name=name, reason=f"{key} is {outside} outside and {inside} inside")
    if release.archive.name != archive_name(release.version):
        raise ReleaseContradictory(name=name, reason=f"its archive is called {release.archive.name}")


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    # The place is made of keys that anybody may have written.
    place = ".".join(map(str, first["loc"])).encode("unicode_escape").decode("ascii")[:100]
    return f"{place or 'it'}: {first['msg']}"
