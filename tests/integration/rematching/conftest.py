"""Makes the benchmarks importable: pytest's importlib mode leaves the project's root out of the path."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[3])

if ROOT not in sys.path:
    sys.path.append(ROOT)
