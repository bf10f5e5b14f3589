"""That unloading gives memory back to the system, in a process of its own where nothing else comes and goes."""

import json
import subprocess
import sys

import pytest

from stash_sense.adapters.hardware.memory import give_memory_back

WHOLE = "np.ones((200 * 2**20) // 4, np.float32)"
IN_PIECES = "Pieces([piece() for _ in range(3200)])"
"""Pieces of 64 kB, below the size from which the C library gives memory back by itself, with others between them."""

CHILD = """
import gc, json, resource, sys
from pathlib import Path
import numpy as np
from stash_sense.adapters.hardware.memory import give_memory_back
from stash_sense.resources.registry import ResourceRegistry
from stash_sense.resources.resource import Resource

class Pieces:
    def __init__(self, pieces):
        self.pieces, self.circle = pieces, self

def piece():
    others.append(bytes(1000))  # what else goes on in a process: it stays, and holds the heap open
    return np.ones(2**14, np.float32)

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

registry = ResourceRegistry(give_back=give_memory_back if sys.argv[1] == "back" else gc.collect)

others = []
handle = registry.register(Resource("matrix", lambda: {make}))
before = resident()
with handle.require():
    loaded = resident()
registry.unload_idle(0)
print(json.dumps([loaded - before, resident() - before]))
"""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def grown(make: str, how: str) -> tuple[int, int]:
    """Bytes by which a process grew when it loaded, and which it still had after unloading."""
    child = [sys.executable, "-c", CHILD.replace("{make}", make), how]
    loaded, left = json.loads(subprocess.run(child, capture_output=True, text=True, check=True).stdout)
    return loaded, left


@on_linux
@pytest.mark.parametrize("make", [WHOLE, IN_PIECES])
def test_unloading_gives_back_the_memory_that_loading_took(make: str) -> None:
    loaded, left = grown(make, "back")
    assert loaded >= 195 * 2**20
    assert left <= 0.1 * loaded, "what other threads of the interpreter hold on to varies by some MB"


def test_giving_back_what_is_not_there_does_no_harm() -> None:
    give_memory_back()
    give_memory_back()
