"""What every benchmark measures with: processor seconds with children, peak memory of a child, tables, JSON files."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Cost(Generic[Result]):
    """What work gave, and the seconds it took: `cpu` of this process and the children it waited for, and `wall`."""

    result: Result
    cpu: float
    wall: float


def cost_of(work: Callable[[], Result]) -> Cost[Result]:
    """Run `work` once and count its processor and wall-clock seconds."""
    wall, before = time.perf_counter(), os.times()
    result = work()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])  # user, system, and the same of ended children
    return Cost(result, cpu, time.perf_counter() - wall)


def run_child(module: str, *arguments: str) -> str:
    """Run `python -m module arguments` alone, so that it can say its own `peak_mib`; gives what it printed.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def peak_mib() -> float:
    """Peak resident memory of this process so far, MiB.

    From /proc where there is one: getrusage counts the memory of the parent that a child was forked from, too.
    """
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024)  # macOS counts in bytes


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Plain text in columns: numbers to the right, to three digits that count."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    numeric = [all(isinstance(row[column], int | float) for row in rows) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        columns = zip(row, widths, numeric, strict=True)
        return "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in columns).rstrip()

    return "\n".join([line(cells[0]), line(["-" * width for width in widths]), *map(line, cells[1:])])


def write_json(path: Path, results: dict[str, Any]) -> None:
    """Write results with the machine they were measured on."""
    machine = {
        "python": sys.version.split()[0],
        "platform": sys.platform,
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine, **results}, indent=2) + "\n")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)
