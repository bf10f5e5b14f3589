"""What commands say: sentences, warnings, one JSON document; and results as they come, with their report."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console, RenderableType

from stash_sense import __version__
from stash_sense.cli.failures import DOCUMENT_WRITTEN
from stash_sense.cli.program import as_typed
from stash_sense.cli.progress import ProgressDisplay
from stash_sense.errors import StashSenseError
from stash_sense.files import write_atomically
from stash_sense.identification.result import Identification
from stash_sense.reports.document import DocumentWriter
from stash_sense.reports.html import render_html
from stash_sense.reports.table import Tally, file_report, summary_line
from stash_sense.reports.wording import visible

_NO_WIDTH = 100_000
"""Characters of a line that no table is as wide as."""


def say(sentence: str) -> None:
    """Print one sentence on stdout, whatever letters are in it."""
    Console().print(visible(as_typed(sentence)), markup=False, highlight=False, soft_wrap=True)


def print_shaped(content: RenderableType) -> None:
    """Print a table or the like on stdout: as wide as the terminal, and whole where it goes to a program or file."""
    console = Console()
    if console.is_terminal:
        console.print(content, crop=False)
        return
    whole = Console(width=_NO_WIDTH)
    with whole.capture() as captured:
        whole.print(content)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def print_json(document: object) -> None:
    """Print one document on stdout."""
    typer.echo(json.dumps(document, indent=2))


def megabytes(count: int) -> str:
    """Write a number of bytes for people."""
    if count < 1e3:
        return f"{count} bytes"
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def print_warnings(sentences: Iterable[str], progress: ProgressDisplay) -> None:
    """Say on stderr what was noticed."""
    progress.pause()
    console = Console(stderr=True)
    for sentence in sentences:
        console.print(f"warning: {visible(as_typed(sentence))}", markup=False, highlight=False, soft_wrap=True)


def show(
    results: Iterable[Identification],
    as_json: bool,
    report: Path | None,
    progress: ProgressDisplay,
    crops: bool = False,
) -> bool:
    """Print results as they come, write the report at the end.

    Args:
        results: consumed once.
        as_json: print the JSON document on stdout, else tables.
        report: the HTML file to write; None for none.
        progress: steps aside while something is printed.
        crops: whether the best faces of everybody are part of the document.

    Returns:
        Whether every file could be processed.

    Raises:
        StorageError: the report cannot be written.
    """
    tally = Tally()
    kept: list[Identification] = []
    with _printer(as_json, crops) as put:
        for result in results:
            tally.add(result)
            if report is not None:
                kept.append(result)
            progress.pause()
            put(result)
    progress.pause()
    if not as_json and tally.files > 1:
        print_shaped(summary_line(tally))
    if report is not None:
        page = render_html(kept, datetime.now(UTC).astimezone(), __version__)
        write_atomically(report, page.encode())
        # With --json nothing but the document may stand on stdout.
        Console(stderr=as_json).print(
            f"Report: {visible(str(report))}", markup=False, highlight=False, soft_wrap=True
        )
    return tally.failed == 0


@contextmanager
def _printer(as_json: bool, crops: bool) -> Iterator[Callable[[Identification], None]]:
    if as_json:
        try:
            with DocumentWriter(sys.stdout, crops) as document:
                yield document.write
        except StashSenseError as error:
            error.add_note(DOCUMENT_WRITTEN)
            raise
    else:
        yield lambda result: print_shaped(file_report(result))
