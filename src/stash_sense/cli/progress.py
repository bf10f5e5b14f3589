"""Progress of long work on stderr: bars on a terminal, now and then a plain line elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from stash_sense.kernel import progress as kernel

_PLAIN_EVERY = 2.0
"""Seconds between plain lines: enough to see that something happens, few enough for a log."""


@contextmanager
def shown_progress() -> Iterator[kernel.ProgressListener]:
    """Give a listener that shows what it is told until the block ends."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _PlainLines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)


class _Bars:
    """One bar per stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, report: kernel.Progress) -> None:
        note = "".join(letter if letter.isprintable() else "?" for letter in report.note[:60])
        if report.stage not in self._tasks:
            self._tasks[report.stage] = self._bars.add_task(report.stage, total=report.total, note=note)
        self._bars.update(self._tasks[report.stage], completed=report.done, total=report.total, note=note)


class _PlainLines:
    """A line when a stage begins, one every few seconds, one when it ends."""

    def __init__(self) -> None:
        self._stage = ""
        self._last = 0.0

    def __call__(self, report: kernel.Progress) -> None:
        now = time.monotonic()
        finished = report.total is not None and report.done >= report.total
        if report.stage == self._stage and not finished and now - self._last < _PLAIN_EVERY:
            return
        self._stage, self._last = report.stage, now
        of = "" if report.total is None else f" of {report.total}"
        note = f" ({ascii(report.note)[1:-1]})" if report.note else ""
        print(f"{report.stage}: {report.done}{of}{note}", file=sys.stderr, flush=True)  # noqa: T201
