from collections.abc import Iterator

import pytest
from tests.stash_library import library

from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash


@pytest.fixture
def stash() -> Iterator[SimulatedStash]:
    with simulated_stash(library=library(scenes=5), job_pause=0.001) as stash:
        yield stash
