"""The command line: parse, call one service, present."""

import os

# Before numpy is loaded: its matrix products here are small, and threads that wait for each other by spinning make
# them 2 to 8 times dearer on a busy machine (grouping 500 faces: 60 ms of CPU against 10).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
