"""What long work tells about itself while it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Progress:
    """One report: `done` of `total` units of `stage` (total None: not known), with a word on the current unit."""

    stage: str
    done: int
    total: int | None = None
    note: str = ""


ProgressListener: TypeAlias = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Listen to nothing."""
