"""How far a long benchmark is, on stderr."""

import sys

from stash_sense.kernel.progress import Progress

_TOLD_EVERY = 20


def tell(progress: Progress) -> None:
    """Say every twentieth step, and the last one."""
    if progress.done % _TOLD_EVERY == 0 or progress.done == progress.total:
        print(f"{progress.stage}: {progress.done} of {progress.total}", file=sys.stderr)
