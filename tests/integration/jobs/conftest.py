from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.queue_files import AnyStore, sql_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnyStore]:
    with sql_store(tmp_path) as store:
        yield store
