"""`stash-sense backup` and `stash-sense restore`: the user's own state, kept in a file and brought back."""

from pathlib import Path
from typing import Annotated

import typer

from stash_sense.cli.context import services_of
from stash_sense.cli.present import megabytes, print_json, say
from stash_sense.cli.progress import shown_progress

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def backup(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write, which may be an older backup; without it one in the data folder's backups/, "
            "which stays until you remove it.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Back up what is yours: settings, jobs and their schedules. A running service goes on meanwhile."""
    services = services_of(context)
    with shown_progress() as progress:
        made = services.backup(out.expanduser() if out else None, progress)
    if json:
        print_json(
            {
                "schema": 1,
                "file": str(made.file),
                "bytes": made.size,
                "state_schema": made.schema,
                "made_at": made.made_at.isoformat(timespec="seconds"),
            }
        )
    else:
        say(f"Backed up ({megabytes(made.size)}, checked): {made.file}")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A backup.", show_default=False)],
    json: Json = False,
) -> None:
    """Put a backup in the place of your state, which is backed up first. No service may be running."""
    services = services_of(context)
    with shown_progress() as progress:
        restored = services.restore(file.expanduser(), progress)
    replaced = restored.replaced
    if json:
        print_json(
            {
                "schema": 1,
                "restored_from": str(restored.source),
                "state_schema": restored.schema,
                "replaced": str(replaced) if replaced else None,
                "jobs_cancelled": restored.jobs_cancelled,
            }
        )
        return
    say(f"Restored from {restored.source}.")
    if replaced:
        say(f"What was there before is kept: {replaced}")
    if count := restored.jobs_cancelled:
        which = "1 job was" if count == 1 else f"{count:,} jobs were"
        say(f"{which} active in the backup and cancelled; `stash-sense jobs list` shows how to go on with them.")
