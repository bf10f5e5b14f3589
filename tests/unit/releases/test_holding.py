import os
from pathlib import Path

import pytest
from tests.integration.updates import made_versions as made

from stash_sense.errors import Cancelled
from stash_sense.kernel.cancel import CancelToken
from stash_sense.releases.holding import Held, held

SOMEBODY = {"folder:00005"}


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """Two releases, of which the new one is without somebody, and what a killed program left."""
    made.published(tmp_path, made.OLD)
    made.published(tmp_path, made.NEW, people=5)
    left = tmp_path / "releases" / ".looked-into-0"
    left.mkdir()
    os.utime(left, (0, 0))
    return tmp_path / "releases"


def test_releases_are_told_that_hold_somebody(releases: Path) -> None:
    before = sorted(set(releases.iterdir()) - {releases / ".looked-into-0"})
    (releases / f"performers-{made.OLD}.release.json.minisig").unlink()  # an archive can be fetched all the same
    before.remove(releases / f"performers-{made.OLD}.release.json.minisig")
    assert held(releases, "3.0", SOMEBODY, CancelToken()) == Held(by=(made.OLD,))
    assert held(releases, made.OLD, SOMEBODY, CancelToken()) == Held()
    assert sorted(releases.iterdir()) == before


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 3000])
def test_one_that_cannot_be_read_is_not_said_to_hold_nobody(releases: Path, content: bytes) -> None:
    archive = releases / f"performers-{made.NEW}.zip"
    whole = archive.read_bytes()
    archive.write_bytes(content or whole[: len(whole) // 2])
    assert held(releases, "3.0", SOMEBODY, CancelToken()) == Held((made.OLD,), (made.NEW,))


def test_nothing_is_read_where_nobody_was_forgotten(releases: Path) -> None:
    assert held(releases, "3.0", (), CancelToken()) == Held()


def test_it_stops_when_it_is_asked_to(releases: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        held(releases, "3.0", SOMEBODY, cancel)
