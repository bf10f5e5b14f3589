"""What is installed, as JSON documents: of `--json` and of the service alike."""

import contextlib
from collections.abc import Mapping
from typing import Any

from stash_sense.errors import DatabaseError
from stash_sense.kernel.hardware import HardwareInfo
from stash_sense.models.file_status import FileStatus
from stash_sense.models.overlay import OverlayStatus
from stash_sense.models.store import PackStatus, PackStore
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.performers.versions.origin import Origin


def pack_document(packs: PackStore, chosen: str | None, status: PackStatus) -> dict[str, Any]:
    """Return what is told of a pack.

    Args:
        packs: the store that has it.
        chosen: id of the pack that is used when none is named; None where there is none.
        status: of the pack.
    """
    entry = status.entry
    card = entry.template if entry is not None else {}
    if status.card is not None:
        card = status.card.model_dump(mode="json", by_alias=True)
    return {
        "id": status.pack_id,
        "title": card.get("title"),
        "state": status.state.value,
        "reason": status.reason,
        "what_to_type": status.what_to_type,
        "default": status.pack_id == chosen,
        "outdated": status.outdated,
        "version": card.get("version"),
        "brings": entry.brings if entry else None,
        "licence": card.get("licence"),
        "licence_text": entry.licence_text if entry else None,
        "licence_must_be_accepted": entry.must_accept if entry else False,
        "source": card.get("source"),
        "download_bytes": status.download_bytes,
        "installed_bytes": _installed_bytes(status),
        "folder": str(status.folder),
        "files": [_file_document(file) for file in sorted(status.files, key=lambda file: file.name)],
        "needs_supplied": [source.names[0] for source in entry.supplied] if entry else [],
        "embedders": [f"{embedder['id']} ({embedder['dim']})" for embedder in card.get("embedders", [])],
        "in_8_bits": _in_8_bits(packs, card),
        "calibration": calibration_document(status.calibration),
    }


def _file_document(file: FileStatus) -> dict[str, Any]:
    return {
        "name": file.name,
        "state": file.state.value,
        "bytes": file.size,
        "sha256": file.sha256,
        "reason": file.reason,
    }


def _in_8_bits(packs: PackStore, card: Mapping[str, Any]) -> list[str]:
    """Return the embedders that run in their 8-bit form on this machine."""
    quantised = [embedder["id"] for embedder in card.get("embedders", []) if embedder.get("quantised")]
    return quantised if quantised and packs.fast_instruction() else []


def _installed_bytes(status: PackStatus) -> int:
    if status.card is not None:
        return sum(file.size for file in status.card.files.values())
    return status.entry.installed_bytes if status.entry else 0


def calibration_document(status: OverlayStatus | None) -> dict[str, Any] | None:
    """Return what is told of the calibration of a pack; None where there is none."""
    if status is None:
        return None
    document: dict[str, Any] = {"state": status.state, "reason": status.reason}
    if status.card is not None:
        card = status.card.model_dump(mode="json")
        document |= {name: card[name] for name in ("created_at", "program", "matching")}
        document |= {"fitted_on": card["curve"]["fitted_on"], "fit": card["fit"]}
    return document


def version_document(installed: InstalledVersion, library: PerformersLibrary) -> dict[str, Any]:
    """Return what is told of an installed version."""
    manifest, origin = installed.manifest, installed.origin
    return {
        "schema": 1,
        "version": manifest.version,
        "pack": manifest.pack,
        "embedders": [f"{embedder.id} ({embedder.dim})" for embedder in manifest.embedders],
        "performer_count": manifest.performer_count,
        "face_count": manifest.face_count,
        "sources": list(manifest.sources),
        "created_at": manifest.created_at.isoformat(),
        "imported_from": manifest.imported_from,
        **_came(origin),
        "bytes": manifest.size,
        "content": manifest.content,
        "folder": str(installed.folder),
        "previous": library.previous(),
    }


def versions_document(library: PerformersLibrary) -> dict[str, Any]:
    """Return what is told of all installed versions, newest first, damaged ones included.

    What a version holds is null where that cannot be read.
    """
    try:
        previous = library.previous()
    except DatabaseError:  # nobody can say which one it was
        previous = None
    told = {"in_use": library.name_in_use(), "goes_back_to": previous}
    versions = [
        {"version": name, **{mark: name == one for mark, one in told.items()}, **_held(library, name)}
        for name in library.versions()
    ]
    return {"schema": 1, "versions": versions}


def _held(library: PerformersLibrary, name: str) -> dict[str, Any]:
    held: dict[str, Any] = dict.fromkeys(("pack", "performer_count", "face_count", "created_at", "bytes"))
    origin = None
    with contextlib.suppress(DatabaseError):
        installed = library.installed(name)
        manifest, origin = installed.manifest, installed.origin
        held = {
            "pack": manifest.pack,
            "performer_count": manifest.performer_count,
            "face_count": manifest.face_count,
            "created_at": manifest.created_at.isoformat(),
            "bytes": manifest.size,
        }
    return {"whole": library.is_whole(name), **held, **_came(origin)}


def _came(origin: Origin | None) -> dict[str, Any]:
    """Return what is told of how a version came to be here."""
    return {
        "signed": origin is not None and origin.signed_by is not None and origin.reduced_from is None,
        "signed_by": origin.signed_by if origin else None,
        "reduced_from": origin.reduced_from if origin else None,
        "built_here": origin is not None and origin.built_here,
        "installed_from": origin.source if origin else None,
        "installed_at": origin.installed_at.isoformat() if origin else None,
    }


def hardware_document(hardware: HardwareInfo) -> dict[str, Any]:
    """Return what is told of the machine."""
    return {
        "cpu": hardware.cpu_model,
        "cpus": hardware.cpus,
        "cpu_features": list(hardware.cpu_features),
        "memory_bytes": hardware.memory_bytes,
        "providers": [
            {"name": provider.name, "works": provider.works, "reason": provider.reason}
            for provider in hardware.providers
        ],
    }
