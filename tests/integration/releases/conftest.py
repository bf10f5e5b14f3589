from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.releases.serving import CONTENT, NAME, QUICK

from stash_sense.adapters.http.client import HttpClient
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.releases.download import Download


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReleaseServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT)
    with ReleaseServer(folder) as running:
        yield running


@pytest.fixture
def download() -> Download:
    return Download(HttpClient(proxies={}), QUICK)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "here" / "archive.zip"
