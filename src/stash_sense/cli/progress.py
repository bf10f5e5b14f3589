"""Progress of long work on stderr: bars on a terminal, now and then a plain line elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from stash_sense.kernel import progress as kernel
from stash_sense.reports.wording import visible

_PLAIN_EVERY = 2.0
"""Seconds between plain lines: enough to see that something happens, few enough for a log."""

_WHOLE_RUN = "files"
"""The stage that the others are parts of; its bar stays while they come and go."""


class ProgressDisplay(Protocol):
    """A listener that can step aside."""

    def __call__(self, report: kernel.Progress) -> None:
        """Show a report."""

    def pause(self) -> None:
        """Take what is shown away, so that other lines can be printed; the next report brings it back."""


@contextmanager
def shown_progress() -> Iterator[ProgressDisplay]:
    """Give a listener that shows what it is told until the block ends."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _PlainLines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    # Not redirected: rich would send what is meant for stdout, a JSON document say, to this console on stderr.
    bars = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    try:
        yield _Bars(bars)
    finally:
        bars.stop()


class Rate(ProgressColumn):
    """Units a second of late, once that can be told."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Say it of a bar."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.3g} a second" if speed else "", style="progress.data.speed")


class _Bars:
    """A bar for the stage at work, and one for the whole run."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, report: kernel.Progress) -> None:
        note = visible(report.note)[:40]
        if report.stage not in self._tasks:
            for stage in [stage for stage in self._tasks if stage != _WHOLE_RUN]:
                self._bars.remove_task(self._tasks.pop(stage))
            self._tasks[report.stage] = self._bars.add_task(report.stage, total=report.total, note=note)
        self._bars.update(self._tasks[report.stage], completed=report.done, total=report.total, note=note)
        self._bars.start()

    def pause(self) -> None:
        self._bars.stop()


class _PlainLines:
    """A line when a stage begins, one every few seconds, one when it ends; with the rate once it can be told."""

    def __init__(self) -> None:
        self._stage = ""
        self._last = 0.0
        self._began = (0.0, 0)

    def __call__(self, report: kernel.Progress) -> None:
        now = time.monotonic()
        finished = report.total is not None and report.done >= report.total
        if report.stage == self._stage and not finished and now - self._last < _PLAIN_EVERY:
            return
        if report.stage != self._stage:
            self._began = (now, report.done)
        self._stage, self._last = report.stage, now
        of = "" if report.total is None else f" of {report.total:,}"
        note = f" ({visible(report.note)})" if report.note else ""
        rate = self._rate(report, now)
        print(f"{report.stage}: {report.done:,}{of}{note}{rate}", file=sys.stderr, flush=True)  # noqa: T201

    def _rate(self, report: kernel.Progress, now: float) -> str:
        """Say how many units a second there were since the stage began, and how long the rest will take."""
        seconds, units = now - self._began[0], report.done - self._began[1]
        if seconds < _PLAIN_EVERY or units <= 0:
            return ""
        rate = f", {units / seconds:.3g} a second"
        if report.total is None or report.done >= report.total:
            return rate
        minutes, rest = divmod(round((report.total - report.done) * seconds / units), 60)
        return f"{rate}, {minutes}:{rest:02} left"

    def pause(self) -> None:
        """Lines of their own need not step aside."""
