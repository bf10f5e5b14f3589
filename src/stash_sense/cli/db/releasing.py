"""`stash-sense db release|update|import|export`: giving databases away, and taking them from others."""

import contextlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stash_sense.bootstrap import Services
from stash_sense.cli.asking import confirm
from stash_sense.cli.context import services_of
from stash_sense.cli.db.keys import PASSWORD
from stash_sense.cli.db.versions import Json
from stash_sense.cli.present import megabytes, print_json, print_warnings, say
from stash_sense.cli.progress import ProgressDisplay, shown_progress
from stash_sense.cli.serving import done_by_service, for_anybody
from stash_sense.errors import DatabaseError, NotWritable, PackUnknown, SourceNotNamed, StashSenseError
from stash_sense.kernel.paths import typed_path
from stash_sense.kernel.progress import Progress
from stash_sense.performers.public.importing import ImportNote
from stash_sense.performers.versions.forgotten import forgotten_ids
from stash_sense.performers.versions.library import InstalledVersion
from stash_sense.releases import archive
from stash_sense.releases.importing import check_file, import_file, manifest_of
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.publishing import Published, publish
from stash_sense.releases.release_manifest import archive_name, release_name
from stash_sense.releases.updater import UpdateCheck
from stash_sense.reports.installed import version_document
from stash_sense.reports.wording import counted, visible

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before another database is replaced.")]


def release(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option(help="Folder of releases; it can be served as it is.", parser=typed_path, metavar="PATH")
    ] = Path("releases"),
    key: Annotated[
        Path | None,
        typer.Option(help="Your secret key, if not in its usual place.", parser=typed_path, metavar="PATH"),
    ] = None,
    password: Annotated[str | None, PASSWORD] = None,
    json: Json = False,
) -> None:
    """Publish the version in use: archive, manifest, signature, and the listing of the folder."""
    services = services_of(context)
    installed = services.performers.require()
    secret = services.keys.read_own(password, key)
    with shown_progress() as progress:
        published = publish(
            installed.folder,
            out,
            secret,
            services.ed25519,
            forgotten=forgotten_ids(services.performers.folder),
            now=datetime.now(UTC),
            progress=progress,
            cancel=services.cancel,
        )
        print_warnings(_on_publishing(published, out), progress)
    if json:
        files = [str(file) for file in published.files]
        held = {"holding_forgotten": list(published.held.by), "not_looked_into": list(published.held.unread)}
        told = {"key": published.key, "newest": published.newest, **held}
        print_json({"schema": 1, "version": installed.version, "files": files, **told})
        return
    for file in published.files:
        say(f"{file}  ({megabytes(file.stat().st_size)})")
    say(f"Version {installed.version} is signed with the key {published.key}.")


def _on_publishing(published: Published, out: Path) -> Iterator[str]:
    """Say what else a publisher should know of the folder."""
    version = published.release.version
    if version != published.newest:
        yield (
            f"Version {version} is older than {published.newest}, which is in {out} as well: nobody who updates gets "
            "it. Give it a newer name: `stash-sense db build FOLDER --name VERSION`."
        )
    for version in published.held.by:
        yield (
            f"Version {version} in {out} still holds somebody who was forgotten. Remove {release_name(version)}, the "
            f"signature beside it and {archive_name(version)}, then type the same command again."
        )
    for version in published.held.unread:
        yield f"Version {version} in {out} could not be read: it may still hold somebody who was forgotten."


def update(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="A folder, an https address, or a GitHub repository as owner/name; without it the setting "
            "database_source.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only tell whether there is a newer version.")] = False,
    prereleases: Annotated[
        bool, typer.Option("--pre-releases", help="Take versions that are meant for trying out, too.")
    ] = False,
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help="Take a release that nobody signed; `db info` will say so.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Install the newest release of a source, if it is newer than the version in use, or mends or completes it."""
    services = services_of(context)
    source = source or services.configuration.get("database_source")
    if not source:
        raise SourceNotNamed
    place = services.release_source(source)
    if check:
        with shown_progress() as progress:
            progress(Progress("asking", 0, note=place.name))
            found = services.updater.check(
                place, services.cancel, prereleases=prereleases, allow_unsigned=allow_unsigned
            )
        if json:
            print_json({"schema": 1, **found.document()})
        else:
            _say_check(found)
        return
    before = _in_use(services)
    if not yes and before is not None and _is_built_here(before):
        found = services.updater.check(place, services.cancel, prereleases=prereleases)
        if found.newer and found.release is not None:
            offered = f"version {found.release.version} from {visible(place.name)}"
            confirm(f"{_in_words(before)}; {offered} would take its place", "Is that meant?", yes=False, json=json)
            yes = True
    with shown_progress() as progress:
        print_warnings(map(str, services.keys.faults()), progress)
        progress(Progress("asking", 0, note=place.name))
        asked = {
            "source": for_anybody(source),
            "pre_releases": prereleases,
            "allow_unsigned": allow_unsigned,
            "replace": yes,
        }
        updated, notes = _updated(services, place, asked, progress)
        current = services.performers.require()
        notes += _without_its_pack(services, current)
        print_warnings((note["message"] for note in notes), progress)
    if json:
        document = version_document(current, services.performers)
        print_json({**document, "updated": updated, "notes": notes})
    elif not updated:
        say(f"Version {current.version} is in use, and {place.name} has no newer one.")
        if before is not None and _signer_of(before) is None and (signer := _signer_of(current)) is not None:
            say(f"It is signed by now, with the key {signer}.")
    else:
        say(f"Version {current.version} is in use: {current.manifest.performer_count:,} performers.")


def _updated(
    services: Services, place: ReleaseSource, asked: dict[str, Any], progress: ProgressDisplay
) -> tuple[bool, list[dict[str, Any]]]:
    """Update, or have it done by the service of the data folder: whether there was something, and what to know."""
    result = done_by_service(services, "database_update", asked, progress)
    if result is not None:
        return result["updated"], result.get("notes", [])
    installed = services.updater.update(
        place,
        services.cancel,
        progress,
        prereleases=asked["pre_releases"],
        allow_unsigned=asked["allow_unsigned"],
        replace=asked["replace"],
    )
    return installed is not None, _note_documents(installed.notes if installed is not None else ())


def _note_documents(notes: Iterable[ImportNote]) -> list[dict[str, Any]]:
    return [{"code": note.code, "message": note.message, "count": note.count} for note in notes]


def _say_check(found: UpdateCheck) -> None:
    for note in found.notes:
        say(note)
    newest = "no release to offer" if found.release is None else f"version {found.release.version}"
    here = "none is installed" if found.current is None else f"version {found.current} is in use"
    say(f"The source has {newest}, {here}: {'there is an update' if found.newer else 'nothing to update'}.")
    if found.refusal is not None:
        say(f"It would be refused. {found.refusal}" if found.newer else str(found.refusal))
    elif found.newer:
        say(f"It is signed with the key {found.signed_by}." if found.signed_by else "It is not signed.")


def _in_use(services: Services) -> InstalledVersion | None:
    """Return the version in use; None where there is none that can be used, which is nobody's loss."""
    with contextlib.suppress(DatabaseError):
        return services.performers.current()
    return None


def _is_built_here(version: InstalledVersion) -> bool:
    return version.origin is not None and version.origin.built_here


def _signer_of(version: InstalledVersion) -> str | None:
    return None if version.origin is None else version.origin.signed_by


def _in_words(version: InstalledVersion) -> str:
    """Say what is in use, and where it comes from."""
    source = version.origin.source if version.origin is not None else "elsewhere"
    came = "was built here" if _is_built_here(version) else f"came from {visible(source)}"
    return f"Version {version.version} with {counted(version.manifest.performer_count, 'performer')} {came}"


def _without_its_pack(services: Services, version: InstalledVersion) -> list[dict[str, Any]]:
    """Note that nobody can be recognised with a version, where its pack is not here."""
    pack, remedy = version.manifest.pack, ""
    with contextlib.suppress(PackUnknown):
        status = services.packs.status(pack)
        if status.is_usable:
            return []
        remedy = f"; type `{status.what_to_type}`" if status.what_to_type else ""
    message = f"Nobody is recognised with it yet: it was made with the model pack {pack}, which is not here{remedy}."
    return _note_documents([ImportNote("pack_missing", message, 1)])


def _no_address(text: str) -> Path:
    """Read a path; an address would be taken for one that does not exist."""
    if re.match(r"https?://", text, re.IGNORECASE):
        reason = f"{text} is an address: fetch the file first, or type `stash-sense db update --from ADDRESS`."
        raise typer.BadParameter(reason)
    return typed_path(text)


def import_database(
    context: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(
            help="A zip that `db export` or a publisher made, or a version's folder, as `db build --out` writes it.",
            parser=_no_address,
            show_default=False,
        ),
    ],
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Install a database from a file: one of ours, or a public release with two Voyager indexes."""
    services = services_of(context)
    before = _in_use(services)
    check_file(path)
    if before is not None and not _is_beside(path, before):
        what = f"{_in_words(before)}; what is in {visible(str(path))} would take its place"
        confirm(what, "Is that meant?", yes=yes, json=json)
    with shown_progress() as progress:
        print_warnings(map(str, services.keys.faults()), progress)
        installed = import_file(
            path, services.release_installer, services.keys.trusted(), services.ed25519, services.cancel, progress
        )
        notes = _note_documents(installed.notes) + _without_its_pack(services, installed.version)
        print_warnings((note["message"] for note in notes), progress)
    if json:
        document = version_document(installed.version, services.performers)
        print_json({**document, "notes": notes})
        return
    manifest = installed.version.manifest
    say(
        f"Version {manifest.version} is in use: {manifest.performer_count:,} performers, "
        f"{manifest.face_count:,} faces, made with the pack {manifest.pack}."
    )
    if _signer_of(installed.version) is None:
        say("It is not signed: nobody vouches for it.")


def _is_beside(path: Path, version: InstalledVersion) -> bool:
    """Whether a version came from the folder in which a file lies, as the one before it would."""
    origin = version.origin
    return origin is not None and not origin.built_here and Path(origin.source).parent == path.absolute().parent


def export_database(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Argument(help="The zip to write, or a folder for it; this folder without.", parser=typed_path),
    ] = None,
    voyager: Annotated[
        Path | None,
        typer.Option(
            help="Write no zip, but an index file of the library Voyager for each embedder to this folder.",
            parser=typed_path,
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write the version in use into one zip, which `db import` takes on another machine."""
    services = services_of(context)
    if voyager is not None and out is not None:
        raise typer.BadParameter("--voyager writes no zip; leave its name out.")
    installed = services.performers.require()
    if voyager is not None:
        _export_voyager(services, installed, voyager, json=json)
        return
    target = out or Path()
    if target.is_dir():
        target /= archive_name(installed.version)
    if target.exists() and not _is_export(target):
        raise NotWritable(path=target, reason="something else than an exported database is there")
    with shown_progress() as progress:
        packed = archive.pack(installed.folder, target, progress, services.cancel)
    if json:
        document = {"version": installed.version, "file": str(target), "bytes": packed.size, "sha256": packed.sha256}
        print_json({"schema": 1, **document})
    else:
        say(f"Version {installed.version} is in {target} ({megabytes(packed.size)}).")


def _is_export(path: Path) -> bool:
    try:
        return manifest_of(path) is not None
    except StashSenseError:
        return False


def _export_voyager(services: Services, installed: InstalledVersion, folder: Path, *, json: bool) -> None:
    with shown_progress() as progress:
        files = services.export_voyager(installed, folder, progress)
    if json:
        print_json({"schema": 1, "version": installed.version, "files": [str(file) for file in files]})
        return
    for file in files:
        say(f"{file}  ({megabytes(file.stat().st_size)})")
    say(f"The labels in them are the rows (faces.row) of version {installed.version}.")
