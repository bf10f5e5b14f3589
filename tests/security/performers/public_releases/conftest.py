"""A public release, and what must refuse it as soon as something is wrong with it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.public_release_files import MadeRelease, make_release

from stash_sense.performers.public.importing import write_public
from stash_sense.performers.public.limits import REQUIRED, PublicLimits

Refused = Callable[..., str]


@pytest.fixture
def made(tmp_path: Path) -> MadeRelease:
    return make_release(tmp_path / "release", performers=4, faces_each=2)


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Imports a release that must be refused with this error; returns what it says."""

    def run(path: Path, error: type[Exception], limits: PublicLimits | None = None) -> str:
        for name in ("version", "scratch", "outside"):
            (tmp_path / name).mkdir()
        with pytest.raises(error) as caught:
            write_public(
                path, tmp_path / "version", tmp_path / "scratch", datetime(2026, 1, 1, tzinfo=UTC), limits=limits
            )
        assert type(caught.value) is error
        assert not (tmp_path / "version" / "manifest.json").exists()
        assert {file.name for file in (tmp_path / "scratch").iterdir()} <= set(REQUIRED)
        assert list((tmp_path / "outside").iterdir()) == []
        return str(caught.value)

    return run
