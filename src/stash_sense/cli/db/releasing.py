"""`stash-sense db release|key|update|import|export`: giving databases away, and taking them from others."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stash_sense.bootstrap import Services
from stash_sense.cli.context import services_of
from stash_sense.cli.db.versions import Json
from stash_sense.cli.present import megabytes, print_json, print_warnings, say
from stash_sense.cli.progress import ProgressDisplay, shown_progress
from stash_sense.cli.serving import done_by_service
from stash_sense.errors import SettingInvalid
from stash_sense.kernel.paths import typed_path
from stash_sense.kernel.progress import Progress
from stash_sense.operations.database_update import NO_SOURCE
from stash_sense.performers.public.importing import ImportNote
from stash_sense.performers.versions.library import InstalledVersion
from stash_sense.releases import archive
from stash_sense.releases.found import SignedOffer
from stash_sense.releases.importing import import_file
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.publishing import publish
from stash_sense.releases.release_manifest import archive_name
from stash_sense.releases.updater import UpdateCheck
from stash_sense.reports.installed import version_document

keys = typer.Typer(help="The keys that releases are signed with, and those you trust.", no_args_is_help=True)

_PASSWORD = typer.Option(
    "--password",
    envvar="STASH_SENSE_KEY_PASSWORD",
    show_default=False,
    help="Password of the key; better in the environment than on the command line.",
)


def release(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option(help="Folder of releases; it can be served as it is.", parser=typed_path, metavar="PATH")
    ] = Path("releases"),
    key: Annotated[
        Path | None,
        typer.Option(help="Your secret key, if not in its usual place.", parser=typed_path, metavar="PATH"),
    ] = None,
    password: Annotated[str | None, _PASSWORD] = None,
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
            now=datetime.now(UTC),
            progress=progress,
            cancel=services.cancel,
        )
    if json:
        files = [str(file) for file in published.files]
        print_json({"schema": 1, "version": installed.version, "key": published.key, "files": files})
        return
    for file in published.files:
        say(f"{file}  ({megabytes(file.stat().st_size)})")
    say(f"Version {installed.version} is signed with the key {published.key}.")


@keys.command("new")
def new_key(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(help="The secret key's file, if not in its usual place.", parser=typed_path, metavar="PATH"),
    ] = None,
    password: Annotated[str | None, _PASSWORD] = None,
    json: Json = False,
) -> None:
    """Make the key that you sign releases with."""
    services = services_of(context)
    public = services.keys.make_own(services.ed25519, password, out)
    secret = out or services.keys.own
    if json:
        document = {"id": public.id, "public_key": str(public), "secret_key_file": str(secret)}
        print_json({"schema": 1, **document})
        return
    say(f"The secret key {public.id} is in {secret}: keep a copy in a safe place, and give it to nobody.")
    say("Tell those who shall trust your releases to type")
    say(f"  stash-sense db key trust {public}")


@keys.command("trust")
def trust(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The public key (RW…), or its file.", show_default=False)],
    json: Json = False,
) -> None:
    """Install releases that are signed with this key from now on."""
    public = services_of(context).keys.trust(key)
    if json:
        print_json({"schema": 1, "id": public.id, "public_key": str(public)})
    else:
        say(f"Releases signed with the key {public.id} are installed from now on.")


@keys.command("distrust")
def distrust(
    context: typer.Context,
    key_id: Annotated[
        str, typer.Argument(help="Id of the key, as `key list` shows it, or its file's name.", show_default=False)
    ],
    json: Json = False,
) -> None:
    """Install releases that are signed with this key no longer."""
    found = services_of(context).keys.distrust(key_id)
    if json:
        print_json({"schema": 1, "id": key_id, "removed": found})
    else:
        say(f"The key {key_id} is {'trusted no longer' if found else 'not among those you trust'}.")


@keys.command("list")
def list_keys(context: typer.Context, json: Json = False) -> None:
    """List the keys you trust."""
    ring = services_of(context).keys
    trusted, faults = ring.trusted(), [str(fault) for fault in ring.faults()]
    if json:
        found = [{"id": key.id, "public_key": str(key)} for key in trusted]
        print_json({"schema": 1, "keys": found, "faults": faults})
        return
    with shown_progress() as progress:
        print_warnings(faults, progress)
    for key in trusted:
        say(f"{key.id}  {key}")
    if not trusted:
        say("You trust no key; `stash-sense db key trust KEY` adds a publisher's.")


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
    json: Json = False,
) -> None:
    """Install the newest release of a source, if it is newer than the version in use."""
    services = services_of(context)
    source = source or services.configuration.get("database_source")
    if not source:
        raise SettingInvalid(name="--from", value="nothing", reason=NO_SOURCE)
    place = services.release_source(source)
    if check:
        with shown_progress() as progress:
            progress(Progress("asking", 0, note=place.name))
            found = services.updater.check(place, services.cancel, prereleases=prereleases)
        if json:
            print_json(_check_document(found))
        else:
            _say_check(found)
        return
    with shown_progress() as progress:
        print_warnings(map(str, services.keys.faults()), progress)
        progress(Progress("asking", 0, note=place.name))
        asked = {"source": _for_anybody(source), "pre_releases": prereleases, "allow_unsigned": allow_unsigned}
        updated, notes = _updated(services, place, asked, progress)
        print_warnings((note["message"] for note in notes), progress)
    current = services.performers.require()
    if json:
        document = version_document(current, services.performers)
        print_json({**document, "updated": updated, "notes": notes})
    elif not updated:
        say(f"Version {current.version} is in use, and {place.name} has no newer one.")
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
    )
    return installed is not None, _note_documents(installed.notes if installed is not None else ())


def _for_anybody(source: str) -> str:
    """Name a folder in a way that does not depend on where one is."""
    folder = typed_path(source.strip())
    return str(folder.absolute()) if source.strip() and folder.is_dir() else source


def _note_documents(notes: Iterable[ImportNote]) -> list[dict[str, Any]]:
    return [{"code": note.code, "message": note.message, "count": note.count} for note in notes]


def _check_document(found: UpdateCheck) -> dict[str, Any]:
    release = found.release
    return {
        "schema": 1,
        "current": found.current,
        "newest": None if release is None else str(release.version),
        "newer": found.newer,
        "signed": release is not None and isinstance(release.offer, SignedOffer),
        "notes": list(found.notes),
    }


def _say_check(found: UpdateCheck) -> None:
    for note in found.notes:
        say(note)
    newest = "no version" if found.release is None else f"version {found.release.version}"
    here = "none is installed" if found.current is None else f"version {found.current} is in use"
    say(f"The source has {newest}, {here}: {'there is an update' if found.newer else 'nothing to update'}.")


def import_database(
    context: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(help="A zip that `db export` or a publisher made.", parser=typed_path, show_default=False),
    ],
    json: Json = False,
) -> None:
    """Install a database from a file: one of ours, or a public release with two Voyager indexes."""
    services = services_of(context)
    with shown_progress() as progress:
        print_warnings(map(str, services.keys.faults()), progress)
        installed = import_file(
            path, services.release_installer, services.keys.trusted(), services.ed25519, services.cancel, progress
        )
        print_warnings((note.message for note in installed.notes), progress)
    if json:
        document = version_document(installed.version, services.performers)
        print_json({**document, "notes": _note_documents(installed.notes)})
        return
    manifest = installed.version.manifest
    say(
        f"Version {manifest.version} is in use: {manifest.performer_count:,} performers, "
        f"{manifest.face_count:,} faces, made with the pack {manifest.pack}."
    )


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
    with shown_progress() as progress:
        packed = archive.pack(installed.folder, target, progress, services.cancel)
    if json:
        document = {"version": installed.version, "file": str(target), "bytes": packed.size, "sha256": packed.sha256}
        print_json({"schema": 1, **document})
    else:
        say(f"Version {installed.version} is in {target} ({megabytes(packed.size)}).")


def _export_voyager(services: Services, installed: InstalledVersion, folder: Path, *, json: bool) -> None:
    with shown_progress() as progress:
        files = services.export_voyager(installed, folder, progress)
    if json:
        print_json({"schema": 1, "version": installed.version, "files": [str(file) for file in files]})
        return
    for file in files:
        say(f"{file}  ({megabytes(file.stat().st_size)})")
    say(f"The labels in them are the rows (faces.row) of version {installed.version}.")
