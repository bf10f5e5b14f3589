"""`stash-sense stash check`: whether your Stash can be used, and if so, where its files are for us."""

import shlex
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stash_sense.cli.context import services_of
from stash_sense.cli.present import print_json, print_shaped
from stash_sense.connection.boxes import BoxStanding
from stash_sense.connection.survey import Survey
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES
from stash_sense.library.paths import Guess, PathMap
from stash_sense.reports.wording import counted, visible

app = typer.Typer(help="Your Stash.", no_args_is_help=True, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]

_ONE = {kind.plural: kind.name for kind in (SCENES, IMAGES, GALLERIES, PERFORMERS)}
_NOT_HERE = (
    "None of its files was found here, so videos would be read through Stash, which is slower; mount its folders on "
    "this machine and check again, or type `stash-sense settings set path_map /data=/mnt/media` with your folders."
)


@app.callback()
def _stash() -> None:
    pass


@app.command("check")
def check(context: typer.Context, json: Json = False) -> None:
    """Ask your Stash whether it can be used, what it holds, look for its files, and ask its stash-box endpoints.

    STASH_URL says where it is, STASH_API_KEY or STASH_API_KEY_FILE holds its key. The exit code is 0 only when it can
    be used.
    """
    services = services_of(context)
    found = services.survey_stash()
    known, guess = services.path_map, services.guess_paths(found)
    boxes = services.check_stash_boxes(found.stash_boxes) if found.stash_boxes else ()
    if json:
        print_json(_document(found, boxes, known, guess))
    else:
        _print(found, boxes, known, guess)


def _document(found: Survey, boxes: Sequence[BoxStanding], known: PathMap, guess: Guess) -> dict[str, Any]:
    return {
        "schema": 1,
        "address": found.server.address,
        "version": found.server.version,
        "database_schema": found.server.schema,
        "counts": found.counts,
        "stash_boxes": [
            {
                "name": one.box.name,
                "endpoint": one.box.endpoint,
                "requests_per_minute": one.box.requests_per_minute,
                "account": one.account or None,
                "error": None if one.error is None else {"code": one.error.code, "message": str(one.error)},
            }
            for one in boxes
        ],
        "folders": list(found.folders),
        "path_map": {
            "set": str(known),
            "found": str(guess.paths),
            "files_found": guess.found,
            "files_looked_for": guess.looked_for,
            "command": _command(known, guess),
        },
    }


def _print(found: Survey, boxes: Sequence[BoxStanding], known: PathMap, guess: Guess) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    rows = [
        ("Stash", f"{found.server.version or 'of an unknown version'} at {found.server.address}"),
        ("library", ", ".join(counted(count, _ONE[kinds], kinds) for kinds, count in found.counts.items())),
        *(("library folder", folder) for folder in found.folders),
    ]
    rows += [
        (
            "stash-box",
            f"{one.box.name}, {one.box.endpoint}, {one.box.requests_per_minute} requests a minute, "
            + (f"as {one.account}" if one.error is None else "cannot be used"),
        )
        for one in boxes
    ]
    if not boxes:
        rows.append(("stash-box", "none is set up in Stash"))
    rows += [("folder here", str(pair)) for pair in guess.paths.pairs]
    rows.append(("files here", f"{guess.found} of {guess.looked_for} that were looked for"))
    for name, text in rows:
        table.add_row(Text(visible(name)), Text(visible(text)))
    console = Console()
    print_shaped(table)
    for sentence in (*(one.words.sentence for one in boxes if one.error is not None), *_advice(known, guess)):
        console.print(f"→ {visible(sentence)}", markup=False, highlight=False, soft_wrap=True)
    console.print("Stash can be used.", highlight=False)


def _advice(known: PathMap, guess: Guess) -> list[str]:
    if command := _command(known, guess):
        return [f"To use these folders, type `{command}`."]
    return [_NOT_HERE] if guess.looked_for and not guess.found else []


def _command(known: PathMap, guess: Guess) -> str:
    """Return what to type to use the folders that were found; empty where nothing is to be changed."""
    if not guess.found or guess.paths == known:
        return ""
    return f"stash-sense settings set path_map {shlex.quote(str(guess.paths))}"
