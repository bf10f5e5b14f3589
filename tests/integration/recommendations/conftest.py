from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.recommendations.desk import Desk
from tests.stash_library import library

from stash_sense.fakes.stash.server import simulated_stash


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with simulated_stash(library=library()) as stash:
        desk = Desk(stash, tmp_path)
        yield desk
        desk.store.close()
