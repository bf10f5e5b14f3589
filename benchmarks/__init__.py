"""Measurements of speed and accuracy; `python -m benchmarks.all` runs every one."""

import os

# As the program's command line does before numpy is loaded (`stash_sense.cli`): the processor seconds that are
# measured are to be those of the program.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
