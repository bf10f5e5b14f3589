from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.integration.releases.serving import QUICK
from tests.integration.updates import made_versions as made

from stash_sense.adapters.http.client import HttpClient
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.versions.library import PerformersLibrary
from stash_sense.releases.importing import import_file
from stash_sense.releases.installing import Installed, ReleaseInstaller
from stash_sense.releases.keys import PublicKey
from stash_sense.releases.patience import DownloadLimits
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.publishing import Published
from stash_sense.releases.sources import source_of
from stash_sense.releases.status import UpdateState
from stash_sense.releases.updater import Updater


@dataclass
class Stage:
    """A data folder with an old version in use, and a publisher's folder with a new one, served over HTTP as well."""

    place: Path
    library: PerformersLibrary
    server: ReleaseServer
    release: Published
    trusted: tuple[PublicKey, ...] = (made.KEY.public,)
    limits: DownloadLimits = QUICK
    updater: Updater = field(init=False)

    def __post_init__(self) -> None:
        self.updater = made.updater_of(self.library, self.trusted)

    @property
    def releases(self) -> Path:
        return self.place / "releases"

    @property
    def archive(self) -> str:
        """Name of the new version's archive."""
        return self.release.files[0].name

    def source(self, kind: str) -> ReleaseSource:
        text = {
            "folder": str(self.releases),
            "web folder": self.server.url,
            "GitHub": self.server.repository,
        }[kind]
        return source_of(text, HttpClient(proxies={}), self.limits, api=self.server.url)

    def update(self, kind: str = "web folder", **options: Any) -> Installed | None:
        return self.updater.update(self.source(kind), CancelToken(), **options)

    def bring_in(self) -> Installed:
        """Import the new version's archive."""
        installer = ReleaseInstaller(self.library, made.prover())
        return import_file(self.release.files[0], installer, self.trusted, made.ED25519, CancelToken())

    def everything(self) -> dict[str, bytes]:
        """Every file of the data folder, but for what notes who is at work or what was found."""
        notes = {".lock", ".update.lock", ".checked.json"}
        files = (file for file in self.library.folder.parent.rglob("*") if file.is_file())
        return {str(file): file.read_bytes() for file in files if file.name not in notes}

    def parts(self) -> set[str]:
        """The kinds of what is kept to go on with."""
        downloads = self.library.folder / ".downloads"
        return {file.name.removeprefix(self.archive) for file in downloads.glob("*")}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    library = PerformersLibrary(tmp_path / "data" / "performers")
    made.install(library, made.OLD)
    (tmp_path / "data" / "stash_sense.db").write_bytes(b"the user's own")
    release = made.published(tmp_path, made.NEW)
    with ReleaseServer(tmp_path / "releases") as server:
        yield Stage(tmp_path, library, server, release)


@pytest.fixture
def refused(stage: Stage) -> Callable[[str, Callable[[], object]], None]:
    """Gives a check that an update ends with the error of a code, and changes nothing."""
    before = stage.everything()

    def check(code: str, work: Callable[[], object]) -> None:
        with pytest.raises(Exception) as raised:  # noqa: PT011 - its code is looked at
            work()
        assert getattr(raised.value, "code", repr(raised.value)) == code, str(raised.value)
        after = {name: content for name, content in stage.everything().items() if ".downloads" not in name}
        assert after == before
        assert made.answer(stage.library) == made.OLD
        assert stage.parts() <= {".part", ".part.json"}
        assert not list(stage.library.folder.glob(".staging/*"))
        status = stage.updater.status()
        if status.state is not UpdateState.IDLE:
            assert (status.state, status.code, status.reason) == (UpdateState.FAILED, code, str(raised.value))
            assert status.current == made.OLD

    return check
