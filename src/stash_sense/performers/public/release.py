"""A public release of the performer database, checked whole: manifest, whose face is whose, people and vectors."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from stash_sense.errors import (
    PublicReleaseDamaged,
    PublicReleaseIncomplete,
    PublicReleaseUnreadable,
    VoyagerDamaged,
    VoyagerUnknown,
)
from stash_sense.kernel.arrays import Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.ids import is_universal_id
from stash_sense.performers.manifest import VersionText
from stash_sense.performers.public.files import Source, check_files, opened_source
from stash_sense.performers.public.flat_json import JsonDamaged, array_entries, object_entries
from stash_sense.performers.public.limits import MANIFEST, NAMES, OWNERS, PEOPLE, REQUIRED, PublicLimits
from stash_sense.performers.public.people import PublicPeople
from stash_sense.performers.public.voyager_file import VoyagerFile

PACK = "stash-sense"
EMBEDDERS = (("facenet512", 512), ("arcface", 512))
"""Id and dimension of the pack's embedders, in its order."""
_INDEXES = ("face_facenet.voy", "face_arcface.voy")
"""The files of their vectors."""


def _texts(value: object) -> object:
    """Accept one text, or an object by its keys, for a list of texts."""
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, dict) else value


def _aware(value: object) -> object:
    """Take a time without a zone as UTC."""
    if not isinstance(value, str):
        return value
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return None


class PublicManifest(BaseModel):
    """What a release says of itself; fields that are not known here are left alone.

    Attributes:
        checksums: `sha256:` and 64 hexadecimal digits for each file.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: VersionText
    performer_count: int | None = Field(default=None, ge=0)
    face_count: int | None = Field(default=None, ge=0)
    sources: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], BeforeValidator(_texts)] = Field(
        default=(), max_length=100
    )
    created_at: Annotated[datetime | None, BeforeValidator(_aware)] = None
    checksums: dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, max_length=100
    )


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """Whose face each vector is, as `faces.json` says it.

    Attributes:
        names: universal ids, in the order in which they come first.
        owner: (n,) int64, for each vector the place of its owner in `names`; -1 where it is nobody's.
    """

    names: tuple[str, ...]
    owner: Ints


@dataclass(frozen=True, slots=True, eq=False)
class PublicRelease:
    """A release whose every file was checked against its manifest.

    Attributes:
        path: what the user named.
        manifest: what it says of itself.
        owners: whose face is whose.
        unnamed: how many of the owners `performers.json` does not have.
        people: its tables.
        indexes: its vectors, in the order of `EMBEDDERS`.
        left_out: files that it has and that are not used.
    """

    path: Path
    manifest: PublicManifest
    owners: Owners
    unnamed: int
    people: PublicPeople
    indexes: tuple[VoyagerFile, ...]
    left_out: tuple[str, ...]

    @classmethod
    @contextlib.contextmanager
    def open(
        cls,
        path: Path,
        scratch: Path,
        limits: PublicLimits | None = None,
        progress: ProgressListener = silent,
        cancel: CancelToken | None = None,
    ) -> Iterator["PublicRelease"]:
        """Open a release until the block ends.

        Args:
            path: its zip, or the folder it was unpacked into.
            scratch: an empty folder, for up to the size of the release unpacked; who gave it removes it.
            limits: what it may cost.
            progress: told the megabytes checked.
            cancel: looked at all the time.

        Raises:
            InputMissing, InputUnreadable: there is nothing at the path that could be read.
            PublicReleaseError: it is no release, a damaged one, or one that must not be trusted.
            StorageError: the scratch folder cannot be written.
            Cancelled: the token was set.
        """
        limits, cancel = limits or PublicLimits(), cancel or CancelToken()
        with contextlib.ExitStack() as stack:
            with opened_source(path, limits) as source:
                manifest = _manifest(source, limits)
                places = check_files(source, manifest.checksums, scratch, limits, progress, cancel)
                left_out = tuple(sorted(source.names - {*REQUIRED}))
            indexes = tuple(stack.enter_context(_index(places[name], path, limits)) for name in _INDEXES)
            progress(Progress("read", 0, note=OWNERS))
            owners = _owners(places[OWNERS], path, limits, cancel)
            unnamed = len(owners.names) - _named(places[NAMES], owners, path, limits, cancel)
            progress(Progress("read", 0, note=PEOPLE))
            people = PublicPeople(places[PEOPLE], path, limits, cancel)
            stack.callback(people.close)
            yield cls(path, manifest, owners, unnamed, people, indexes, left_out)


def _manifest(source: Source, limits: PublicLimits) -> PublicManifest:
    if MANIFEST not in source.names:
        if source.names.isdisjoint(REQUIRED):
            raise PublicReleaseUnreadable(path=source.path, reason=f"it has no {MANIFEST}")
        raise PublicReleaseIncomplete(path=source.path, missing=MANIFEST)
    with source.opened(MANIFEST) as file:
        content = file.read(limits.manifest_bytes + 1)
    if len(content) > limits.manifest_bytes:
        raise PublicReleaseDamaged(path=source.path, file=MANIFEST, reason="is longer than any release's")
    try:
        # Not by pydantic's own reader: of two values for one name it takes the last without a word.
        return PublicManifest.model_validate(json.loads(content, object_pairs_hook=_each_once))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        reason = f"cannot be understood ({place or 'it'}: {first['msg']})"
    except (ValueError, RecursionError) as error:
        reason = f"is no JSON ({error})"
    raise PublicReleaseDamaged(path=source.path, file=MANIFEST, reason=reason[:300])


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a name is in it twice")
    return found


@contextlib.contextmanager
def _index(place: Path, release: Path, limits: PublicLimits) -> Iterator[VoyagerFile]:
    try:
        index = VoyagerFile(place)
        with index:
            dim = EMBEDDERS[_INDEXES.index(place.name)][1]
            if index.dim != dim or index.count > limits.faces:
                reason = (
                    f"has {index.count} vectors of {index.dim} numbers instead of {limits.faces} of {dim} at most"
                )
                raise PublicReleaseDamaged(path=release, file=place.name, reason=reason)
            _ = index.labels  # of which each must be there once
            yield index
    except (VoyagerDamaged, VoyagerUnknown) as error:
        reason = f"cannot be read: {error.fields['reason']}"
        raise PublicReleaseDamaged(path=release, file=place.name, reason=reason) from error


def _owners(place: Path, release: Path, limits: PublicLimits, cancel: CancelToken) -> Owners:
    numbers: dict[str, int] = {}
    owner: list[int] = []
    with _json_errors(place, release), place.open("rb") as file:
        for name in array_entries(file, limits.faces):
            if name is None:
                owner.append(-1)
            elif isinstance(name, str) and is_universal_id(name):
                owner.append(numbers.setdefault(name, len(numbers)))
            else:
                raise JsonDamaged(f"its entry {len(owner)} is no universal id")
            if len(owner) % 10_000 == 0:
                cancel.raise_if_cancelled()
    return Owners(tuple(numbers), np.array(owner, np.int64))


def _named(place: Path, owners: Owners, release: Path, limits: PublicLimits, cancel: CancelToken) -> int:
    """Return how many of the owners the map of performers has."""
    wanted = set(owners.names)
    with _json_errors(place, release), place.open("rb") as file:
        for number, (name, entry) in enumerate(object_entries(file, limits.performers)):
            if not isinstance(entry, dict):
                raise JsonDamaged(f"its entry {number} is no object")
            wanted.discard(name)
            if number % 10_000 == 0:
                cancel.raise_if_cancelled()
    return len(owners.names) - len(wanted)


@contextlib.contextmanager
def _json_errors(place: Path, release: Path) -> Iterator[None]:
    try:
        yield
    except JsonDamaged as error:
        raise PublicReleaseDamaged(path=release, file=place.name, reason=f"cannot be read: {error}") from error
