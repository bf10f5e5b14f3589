"""Forgetting somebody for good: out of the version in use, the older ones and the builds, and not to come back."""

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stash_sense.errors import DatabaseError, PerformerUnknown, StashSenseError
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers import schema
from stash_sense.performers.building.state_folder import forget_in_states, known_in_states, states_of
from stash_sense.performers.ids import domain_of, is_universal_id, universal_id
from stash_sense.performers.lookup import find_one
from stash_sense.performers.manifest import DATABASE_NAME, Manifest
from stash_sense.performers.reader import read_performers
from stash_sense.performers.versions import leftovers
from stash_sense.performers.versions.forgotten import forgotten_ids, remember_forgotten
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.performers.versions.naming import version_after, version_without
from stash_sense.performers.versions.origin import Origin
from stash_sense.performers.writer import Heading, VersionWriter

_STASHBOX = (
    "SELECT universal_id, endpoint, stashbox_performer_id FROM performers p"
    " JOIN stashbox_ids s ON s.performer_id = p.id"
)
_PICTURES = (
    "SELECT image_hash FROM faces f JOIN performers p ON p.id = f.performer_id"
    " WHERE universal_id = :who AND image_hash NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Who was forgotten.

    Attributes:
        universal_id, name: of them.
        version: that is in use without them; another one than before, if they were in it.
        notes: what could not be done once it was in use, as sentences.
    """

    universal_id: str
    name: str
    version: InstalledVersion
    notes: tuple[str, ...] = ()


def forget(
    library: PerformersLibrary, who: str, cancel: CancelToken, progress: ProgressListener = silent
) -> Forgotten:
    """Forget somebody: their vectors are gone from the disk, and no build or release brings them back.

    A database that was built here gets a name like the next build's, so that others can be given it; of somebody
    else's a version is made that only this machine has.

    Args:
        library: of the versions.
        who: universal id, name or alias, in any case; of somebody who is not in the version in use their universal
            id, by which they may be in an earlier one, in what builds know, or in what is yet to come.
        cancel: looked at until the new version is put into use.
        progress: told what is done.

    Raises:
        DatabaseMissing: there is no version.
        PerformerUnknown: nobody in it is called so.
        PerformerAmbiguous: several people are.
        DatabaseDamaged, ForgottenUnreadable, StorageError, Cancelled: see there; doing it again finishes it. None of
            them comes once the new version is in use.
    """
    with library.alone(cancel, progress), library.staging() as stage:
        current = library.require()
        states = states_of(library)
        # What was killed while it forgot somebody is finished first.
        before = forgotten_ids(library.folder)
        _remove_versions_with(library, before, current.version)
        forget_in_states(states, before)
        found, name = _meant(current.folder, who)
        gone = _known_anywhere(current.folder, states, found)
        remember_forgotten(library.folder, gone)
        leftovers.remove(library.galleries)
        leftovers.remove_inside(library.downloads)
        forget_in_states(states, gone, progress)
        installed = current
        if here := known_by(current.folder, gone):
            own = current.origin is not None and current.origin.built_here
            version = (version_after if own else version_without)(current.version, library.versions())
            folder = stage / "version"
            with storage_errors(folder):
                folder.mkdir()
            write_without(current, folder, here, version, cancel, progress)
            installed = library.install(folder, _origin_without(current, here), progress)
        notes = []
        try:
            _remove_versions_with(library, gone, installed.version)
        except StashSenseError as error:
            notes = [f"An older version that holds them could not be removed; forget {found} again. {error}"]
    return Forgotten(found, name, installed, tuple(notes))


def _meant(folder: Path, who: str) -> tuple[str, str]:
    """Return the universal id and the name of somebody, of whom nobody here knows it the id."""
    try:
        person = find_one(folder, who)
    except PerformerUnknown:
        if not is_universal_id(who):
            raise
        return who, who
    return person.id, person.name


def without_forgotten(
    version: InstalledVersion,
    into: Path,
    forgotten: frozenset[str],
    taken: Collection[str],
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> InstalledVersion:
    """Return a version that holds nobody who was forgotten: itself, or another one written from it, which says so.

    Args:
        version: that is to be installed, unpacked and verified.
        into: folder to write the other one to; missing or empty.
        forgotten: all universal ids of those people (`forgotten_ids`).
        taken: versions that are installed, whose names are not to be used.
        cancel: looked at at every performer.
        progress: told what is done.

    Raises:
        DatabaseDamaged, DatabaseUnwritten, StorageError, Cancelled: see there.
    """
    gone = known_by(version.folder, forgotten)
    if not gone:
        return version
    with storage_errors(into):
        into.mkdir(parents=True, exist_ok=True)
    name = version_without(version.version, taken)
    manifest = write_without(version, into, gone, name, cancel, progress)
    return InstalledVersion(into, manifest, _origin_without(version, gone))


def write_without(
    version: InstalledVersion,
    into: Path,
    gone: Collection[str],
    name: str,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> Manifest:
    """Write a version again without some people.

    Args:
        version: to be read.
        into: an empty folder.
        gone: universal ids of those people.
        name: of the new version.
        cancel: looked at at every performer.
        progress: told how many performers are done.
    """
    old = version.manifest
    heading = Heading(
        version=name,
        created_at=datetime.now(UTC),
        pack=old.pack,
        embedders=tuple((one.id, one.dim) for one in old.embedders),
        sources=old.sources,
        imported_from=old.imported_from,
        dtype=old.embedders[0].dtype,
    )
    with VersionWriter(into, heading) as writer:
        for done, performer in enumerate(read_performers(version.folder, old)):
            cancel.raise_if_cancelled()
            progress(Progress("writing", done, old.performer_count, performer.record.name))
            if performer.record.universal_id not in gone:
                writer.add(performer.record, performer.faces, performer.vectors)
        return writer.finish()


def _origin_without(version: InstalledVersion, gone: Mapping[str, Collection[str]]) -> Origin:
    """Say where a version comes from that was written from another one: who vouched for that one did not for this."""
    origin = version.origin or new_origin(version.version)
    now = {"installed_at": datetime.now(UTC)}
    if origin.built_here:
        return origin.model_copy(update=now)
    left_out = origin.left_out.union(*gone.values())
    return origin.model_copy(
        update={"reduced_from": origin.reduced_from or version.version, "left_out": left_out, **now}
    )


def _known_anywhere(folder: Path, states: Path, who: str) -> frozenset[str]:
    """Return all ids by which a version and the builds know somebody, also by pictures that are in the version."""
    rows = _query(folder, f"{_STASHBOX} WHERE universal_id = :who", {"who": who})
    ids = frozenset({who, *(universal_id(domain_of(str(endpoint)), str(there)) for _, endpoint, there in rows)})
    pictures = {str(sha256) for (sha256,) in _query(folder, _PICTURES, {"who": who})}
    others = {str(other) for (other,) in _query(folder, "SELECT universal_id FROM performers", {})} - {who}
    return known_in_states(states, ids, pictures, others) - others


def known_by(folder: Path, ids: frozenset[str]) -> dict[str, set[str]]:
    """Return those in a version who are known by any of the ids: by which ones, under their universal ids."""
    found: dict[str, set[str]] = {}
    if not ids:
        return found
    known = [(str(who), str(who)) for (who,) in _query(folder, "SELECT universal_id FROM performers", {})]
    known += [
        (str(who), universal_id(domain_of(str(endpoint)), str(there)))
        for who, endpoint, there in _query(folder, _STASHBOX, {})
    ]
    for who, one in known:
        if one in ids:
            found.setdefault(who, set()).add(one)
    return found


def _query(folder: Path, query: str, values: dict[str, str]) -> list[tuple[object, ...]]:
    path = folder / DATABASE_NAME
    with schema.reading(path), closing(schema.open_finished(path)) as database:
        return database.execute(query, values).fetchall()


def _remove_versions_with(library: PerformersLibrary, gone: frozenset[str], current: str) -> None:
    """Remove the versions that hold somebody, and those of which nobody can tell."""
    for version in library.versions():
        if version == current:
            continue
        try:
            holds = bool(known_by(library.folder / version, gone))
        except DatabaseError:
            holds = bool(gone)
        if holds:
            library.remove(version)
