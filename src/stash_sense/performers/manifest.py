"""`manifest.json`: what a version of the performers database is, and what the bytes of its files must be."""

from datetime import datetime
from typing import Annotated, Literal

from packaging.version import InvalidVersion, Version
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from stash_sense.errors import DatabaseDamaged, DatabaseTooNew
from stash_sense.kernel.text import StoredText

MANIFEST_NAME = "manifest.json"
DATABASE_NAME = "performers.db"
SCHEMA = 1
REQUIRES = "0.1.0"
"""The oldest program that reads what is written now."""


def _is_version(text: str) -> str:
    try:
        Version(text)
    except InvalidVersion as error:
        raise ValueError(f"{text!r} is no version") from error
    return text


VersionText = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]*$", max_length=64), AfterValidator(_is_version)
]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
"""A bare name: a manifest can never name a file outside its folder."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]


_VERSION_TEXT: TypeAdapter[str] = TypeAdapter(VersionText)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(_Part):
    """What the bytes of one file must be."""

    size: int = Field(ge=0, lt=2**50)
    sha256: Sha256


class EmbedderVectors(_Part):
    """The vectors of one embedder: a file of (faces, dim) unit vectors; row by row the same faces as the others."""

    id: Name
    dim: int = Field(ge=1, le=4096)
    file: FileName
    dtype: Literal["float16", "float32"]


class Manifest(_Part):
    """A version's description of itself.

    Attributes:
        requires: the oldest version of this program that understands it.
        pack: id of the model pack that made the vectors.
        sources: where the performers come from, in plain words.
        content: SHA-256 over performers, faces and vectors in their order, without times: equal for equal content.
        files: every file of the folder but this one.
        imported_from: what a version that was made elsewhere was read from.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    version: VersionText
    requires: VersionText
    created_at: AwareDatetime
    pack: Name
    embedders: tuple[EmbedderVectors, ...] = Field(min_length=1, max_length=8)
    performer_count: int = Field(ge=0, le=10_000_000)
    face_count: int = Field(ge=0, le=100_000_000)
    sources: tuple[StoredText, ...] = Field(default=(), max_length=100)
    content: Sha256
    files: dict[FileName, FileEntry] = Field(max_length=32)
    imported_from: StoredText | None = Field(default=None, max_length=500)

    @property
    def dim(self) -> int:
        """Length of a face's fused vector."""
        return sum(embedder.dim for embedder in self.embedders)

    @property
    def size(self) -> int:
        """Bytes of all files but this one."""
        return sum(file.size for file in self.files.values())

    @model_validator(mode="after")
    def _is_whole(self) -> "Manifest":
        named = {DATABASE_NAME, *(embedder.file for embedder in self.embedders)}
        if set(self.files) != named:
            raise ValueError(f"its files are {', '.join(sorted(self.files))} instead of {', '.join(sorted(named))}")
        if len(named) != len(self.embedders) + 1 or MANIFEST_NAME in named:
            raise ValueError("two of its parts share a file")
        return self

    def to_json(self) -> bytes:
        """Write it, equal manifests to equal bytes."""
        return (self.model_dump_json(by_alias=True, indent=2) + "\n").encode()

    @classmethod
    def read(cls, content: bytes, where: object, program: str) -> "Manifest":
        """Read a manifest.

        Args:
            content: of the file.
            where: the file or folder to name in errors.
            program: version of this program.

        Raises:
            DatabaseDamaged: it is no manifest.
            DatabaseTooNew: a newer program is needed to understand it.
        """
        check_understood(content, where, program)
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise DatabaseDamaged(path=where, reason=f"its manifest: {place or 'it'} {first['msg']}") from error


class _Heading(BaseModel):
    """The fields by which even a program that is too old can say so."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_: int = Field(alias="schema")
    requires: VersionText


def check_understood(content: bytes, where: object, program: str) -> None:
    """Make sure that this program may read a manifest, whatever else is in it.

    Raises:
        DatabaseDamaged: it is no manifest.
        DatabaseTooNew: it is of a schema, or needs a version, that this program does not have.
    """
    try:
        heading = _Heading.model_validate_json(content)
    except ValidationError as error:
        raise DatabaseDamaged(path=where, reason="its manifest cannot be read") from error
    if heading.schema_ != SCHEMA or Version(heading.requires) > Version(program):
        raise DatabaseTooNew(path=where, requires=heading.requires, schema=heading.schema_)


def can_be_version(text: str) -> bool:
    """Whether a version may be called so."""
    try:
        _VERSION_TEXT.validate_python(text)
    except ValidationError:
        return False
    return True


def is_prerelease(version: str) -> bool:
    """Whether this is a version that is offered only to those who ask for it."""
    return Version(version).is_prerelease


def version_for(day: datetime, taken: frozenset[str]) -> str:
    """Name a version after the day it was made, with a number from the second one of a day on.

    It is newer than all of that day that are known, of which earlier ones may be gone.
    """
    first = f"{day.year}.{day.month}.{day.day}"
    of_the_day = [known for known in map(Version, taken) if known.release[:3] == Version(first).release]
    latest = max(of_the_day, default=None)
    if latest is None:
        return first
    number = latest.release[3] if len(latest.release) > 3 else 0
    return f"{first}.{number + 1}"
