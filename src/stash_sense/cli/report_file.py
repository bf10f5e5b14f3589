"""Whether a report can be written to the file the user named, asked before any work is done."""

import os
from pathlib import Path

import typer

from stash_sense.reports.html import GENERATOR

_HEAD_BYTES = 4096


def checked_report(report: Path | None) -> Path | None:
    """Return the path as it is, for use as an option's callback.

    Raises:
        typer.BadParameter: nothing can be written there, or something is there that is not a report of ours: a
            mistyped name must not cost a video.
    """
    if report is None:
        return None
    folder = report.absolute().parent
    if not folder.is_dir():
        raise typer.BadParameter(f"the folder {folder} does not exist; make it first.")
    if not os.access(folder, os.W_OK):
        raise typer.BadParameter(f"the folder {folder} cannot be written; choose another one.")
    if report.is_dir() or (report.exists() and not report.is_file()):
        raise typer.BadParameter(f"{report} is not a file; name one, such as report.html.")
    if report.exists() and report.stat().st_size:
        with report.open("rb") as content:
            if GENERATOR.encode() not in content.read(_HEAD_BYTES):
                raise typer.BadParameter(f"{report} exists and is not a report of Stash Sense; choose another name.")
    return report
