"""`stash-sense doctor`: what is here, what is missing, and what to type."""

import dataclasses
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stash_sense import __version__
from stash_sense.bootstrap import Services
from stash_sense.cli.calibrate import advice as calibration_advice
from stash_sense.cli.capabilities import advice, capability_documents
from stash_sense.cli.context import services_of
from stash_sense.cli.models import pack_document
from stash_sense.cli.present import megabytes, print_json, print_shaped
from stash_sense.cli.program import as_typed
from stash_sense.cli.service_here import service_found, state_found, token_found
from stash_sense.models.capabilities import Capability
from stash_sense.models.store import PackState
from stash_sense.models.tools import find_tools
from stash_sense.reports.installed import hardware_document
from stash_sense.reports.wording import visible

_LIBRARIES = ("numpy", "onnxruntime", "onnx", "av", "pillow", "pydantic", "typer", "rich")
EXIT_CANNOT_IDENTIFY = 1
_SHOWN = {"performers_database": "performers database", "stash": "Stash"}
"""Capabilities that have a row of their own."""


def doctor(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
) -> None:
    """Tell what this machine has, what is missing, and what to type.

    The exit code is 1 only when nobody can be identified as things are.
    """
    document = examination(services_of(context))
    if json:
        print_json(document)
    else:
        _print(document)
    if not document["can_identify"]:
        raise typer.Exit(EXIT_CANNOT_IDENTIFY)


def examination(services: Services) -> dict[str, Any]:
    """Return everything that doctor reports."""
    hardware = services.hardware
    packs = services.packs.packs()
    capabilities = {capability.name: capability for capability in services.capabilities()}
    folders = {
        "models": _folder(services.settings.models_dir),
        "data": _folder(services.settings.data_dir),
    }
    here = {"state": state_found(services), "token": token_found(services), "service": service_found(services)}
    has_database = services.performers.name_in_use() is not None
    # Every command reads settings from the state.
    state_usable = here["state"].state not in ("damaged", "unusable")
    document: dict[str, Any] = {
        "can_identify": capabilities["identification"].available and state_usable,
        "database_unusable": has_database and not capabilities["performers_database"].available,
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "hardware": hardware_document(hardware),
        "threads": services.runtime.threads,
        "device": services.settings.device,
        "eight_bit_instruction": services.packs.fast_instruction(),
        "folders": folders,
        **{name: found.document() for name, found in here.items()},
        "default_pack": services.packs.chosen(services.settings.pack),
        "packs": [pack_document(services, status) for status in packs],
        "tools": {name: str(path) if path else None for name, path in dataclasses.asdict(find_tools()).items()},
        "capabilities": capability_documents(list(capabilities.values())),
    }
    document["advice"] = list(_advice(document, capabilities["identification"]))
    if document["database_unusable"] and document["can_identify"]:
        document["advice"].append(advice(capabilities["performers_database"]))
    document["advice"] += [found.advice for found in here.values() if found.advice]
    if services.stash_is_set and not capabilities["stash"].available:
        document["advice"].append(advice(capabilities["stash"]))
    return document


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _folder(path: Path) -> dict[str, Any]:
    """Tell whether files can be made below a folder that may not exist yet; nothing is written."""
    nearest = next((parent for parent in (path, *path.parents) if parent.exists()), path)
    try:
        free = shutil.disk_usage(nearest).free
    except OSError:
        free = None
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return {"path": str(path), "exists": path.is_dir(), "writable": writable, "free_bytes": free}


def _advice(document: dict[str, Any], identification: Capability) -> Iterator[str]:
    """Give one sentence for everything that is missing."""
    for name, folder in document["folders"].items():
        if not folder["writable"]:
            setting = f"STASH_SENSE_{name.upper()}_DIR"
            yield f"{folder['path']} cannot be written; type `export {setting}=/a/folder/of/yours`."
    if not identification.available:
        yield advice(identification)
    for sentence in _advice_on_packs(document["packs"]):
        if not identification.remedy or f"`{identification.remedy}`" not in sentence:
            yield sentence
    if not document["tools"]["uv"] and not document["tools"]["pip"]:
        yield "Packs are fetched with uv or pip and neither was found; type `python3 -m ensurepip`."
    if not any(provider["works"] for provider in document["hardware"]["providers"]):
        yield "onnxruntime runs nothing here; type `make setup` in the project's folder to install it anew."


def _advice_on_packs(packs: list[dict[str, Any]]) -> Iterator[str]:
    for pack in packs:
        if pack["what_to_type"] and pack["state"] == PackState.DAMAGED:
            yield f"The pack {pack['id']} is damaged ({pack['reason']}); type `{pack['what_to_type']}`."
        elif pack["outdated"]:
            yield f"The pack {pack['id']} has an update; type `{pack['what_to_type']}`."
        if sentence := calibration_advice(pack["id"], pack["calibration"]):
            yield sentence


def _print(document: dict[str, Any]) -> None:
    hardware, console = document["hardware"], Console()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    threads = f"models compute with {document['threads']}"
    rows = [
        ("Stash Sense", f"{document['version']}, Python {document['python']}, {document['system']}"),
        ("libraries", ", ".join(f"{name} {version or 'missing'}" for name, version in document["libraries"].items())),
        ("processor", f"{hardware['cpu']}, {hardware['cpus']} usable, {threads}"),
        ("instructions", ", ".join(hardware["cpu_features"]) or "none that help"),
        ("8-bit models", _eight_bits(document["eight_bit_instruction"])),
        ("memory", megabytes(hardware["memory_bytes"]) if hardware["memory_bytes"] else "unknown"),
    ]
    for provider in hardware["providers"]:
        text = provider["name"] if provider["works"] else f"not {provider['name']}: {provider['reason']}"
        rows += [("models run on", text)]
    for name, folder in document["folders"].items():
        free = megabytes(folder["free_bytes"]) + " free" if folder["free_bytes"] is not None else "space unknown"
        rows.append(
            (f"{name} folder", f"{folder['path']}, {'writable' if folder['writable'] else 'NOT writable'}, {free}")
        )
    rows += [(name, document[name]["text"]) for name in ("state", "token", "service")]
    for pack in document["packs"]:
        reason = f": {pack['reason']}" if pack["reason"] else ""
        marks = [f"calibration {pack['calibration']['state']}"] if pack["calibration"] else []
        marks += ["used by default"] if pack["default"] else []
        rows.append((f"pack {pack['id']}", ", ".join([pack["state"] + reason, *marks])))
    for capability in document["capabilities"]:
        if capability["name"] in _SHOWN:
            rows.append((_SHOWN[capability["name"]], capability["note"] or capability["reason"]))
    for name, place in document["tools"].items():
        rows.append((name, place or "not found"))
    for name, text in rows:
        table.add_row(Text(visible(name)), Text(visible(as_typed(text))))
    print_shaped(table)
    for sentence in document["advice"]:
        console.print(f"→ {visible(as_typed(sentence))}", markup=False, highlight=False, soft_wrap=True)
    if document["can_identify"]:
        whom = " with --gallery FOLDER only" if document["database_unusable"] else ""
        console.print(f"Ready to identify{whom}.", highlight=False)


def _eight_bits(instruction: str) -> str:
    if instruction:
        return f"used where a pack has them, with {instruction}"
    return "not used: they are no faster here"
