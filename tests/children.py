"""Python processes that tests start."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]


def surroundings(**more: str) -> dict[str, str]:
    """The environment in which they find the tests, and the very program that is tested."""
    paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}
