"""`stash-sense capabilities`: which features work here, and what to type for those that do not."""

import dataclasses
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from stash_sense.cli.context import services_of
from stash_sense.cli.present import print_json, print_shaped
from stash_sense.cli.program import as_typed
from stash_sense.models.capabilities import Capability
from stash_sense.reports.wording import visible

_COMMANDS = ("stash-sense ", "unset ")
"""How a remedy begins that can be typed; any other is said."""


def capabilities(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
) -> None:
    """Tell which features work here, why others do not, and what to type."""
    found = services_of(context).capabilities()
    if json:
        print_json({"schema": 1, "capabilities": capability_documents(found)})
        return
    table = Table(box=None, pad_edge=False)
    for heading, fold in (("feature", False), ("works", False), ("", True)):
        table.add_column(heading, no_wrap=not fold, overflow="fold")
    for capability in found:
        works = "yes" if capability.available else "no"
        name = capability.name.replace("_", " ")
        table.add_row(Text(name), works, Text(visible(as_typed(capability.note or advice(capability)))))
    print_shaped(table)


def capability_documents(found: list[Capability]) -> list[dict[str, Any]]:
    """Return what `--json` says of capabilities."""
    return [dataclasses.asdict(capability) for capability in found]


def advice(capability: Capability) -> str:
    """Say why a feature does not work, and what to type."""
    remedy = capability.remedy
    if remedy.startswith(_COMMANDS):
        remedy = f"type `{remedy}`"
    return f"{capability.reason}; {remedy}." if remedy else f"{capability.reason}."
