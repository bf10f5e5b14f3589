"""uv and pip as child processes, with an index that is a folder: no network is used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.models import packs
from tests.queue_files import until

from stash_sense.adapters.packages.installers import InstallerPrograms
from stash_sense.errors import Cancelled, DiskFull, InstallerFailed, InstallerMissing, PackSourceMismatch
from stash_sense.kernel.progress import Progress, silent
from stash_sense.models.installer import PackInstaller
from stash_sense.models.tools import Tools, find_tools

REQUIREMENT = "tiny-weights==1.0"


@pytest.fixture(params=["uv", "pip"])
def tools(request: pytest.FixtureRequest) -> Tools:
    found = find_tools()
    if request.param == "uv":
        if found.uv is None:
            pytest.skip("there is no uv on this machine")
        return Tools(found.uv, None, None)
    for python in (Path(sys.executable), Path(sys.base_prefix) / "bin" / "python3"):
        if not subprocess.run([python, "-c", "import pip"], check=False, capture_output=True).returncode:
            return Tools(None, python, None)
    pytest.skip("there is no pip on this machine")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return packs.write_files(tmp_path / "index", {packs.WHEEL_NAME: packs.WHEEL})


def fetcher(tools: Tools, index: Path) -> InstallerPrograms:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    offline = {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "UV_FIND_LINKS": str(index)}
    return InstallerPrograms(tools, kept | offline)


@pytest.fixture
def area(tmp_path: Path) -> Path:
    folder = tmp_path / "area"
    folder.mkdir()
    return folder


def test_a_package_is_unpacked_and_nothing_else_is_left(tools: Tools, index: Path, area: Path) -> None:
    fetcher(tools, index).fetch("lite", REQUIREMENT, packs.sha256(packs.WHEEL), area, silent)
    assert (area / "tiny_weights" / "weights.py").read_bytes().startswith(b"WEIGHTS = b")
    left = {path.name for path in area.iterdir()} - {".lock"}
    assert left == {"tiny_weights", "tiny_weights-1.0.dist-info"}
    assert not list(area.rglob("*.pyc"))


def test_another_hash_is_refused(tools: Tools, index: Path, area: Path) -> None:
    with pytest.raises(PackSourceMismatch, match=r"tiny-weights==1\.0"):
        fetcher(tools, index).fetch("lite", REQUIREMENT, "0" * 64, area, silent)
    assert not (area / "tiny_weights").exists()


def test_a_package_that_is_not_there_is_named_with_what_the_installer_said(
    tools: Tools, index: Path, area: Path
) -> None:
    with pytest.raises(InstallerFailed, match=r"could not fetch absent==1.0.*absent") as caught:
        fetcher(tools, index).fetch("lite", "absent==1.0", "0" * 64, area, silent)
    assert "\n" not in str(caught.value)


def test_a_pack_is_installed_through_the_installer(tools: Tools, index: Path, tmp_path: Path) -> None:
    supplied = packs.write_files(tmp_path / "supplied", {"w600k_mbf.onnx": packs.embedder(112)})
    store = packs.store(tmp_path / "models", packs.tiny_lite())
    PackInstaller(store, packs.runtime(), fetcher(tools, index)).install("lite", supplied=supplied)
    store.verify("lite")


def _slow_program(folder: Path, body: str) -> Tools:
    """A stand-in for uv: a shell script, so that what it does is exactly known."""
    script = folder / "uv"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return Tools(script, None, None)


def test_stopping_kills_the_installer_and_what_it_started(tmp_path: Path, area: Path) -> None:
    note = tmp_path / "pids"
    ended = tmp_path / "ended by itself"
    tools = _slow_program(tmp_path, f"sleep 60 & echo $! $$ > {note}; wait; touch '{ended}'")

    def stop(_: Progress) -> None:
        if note.exists() and note.read_text().endswith("\n"):
            raise Cancelled

    with pytest.raises(Cancelled):
        InstallerPrograms(tools).fetch("lite", REQUIREMENT, "0" * 64, area, stop)
    # Those that were killed may need a moment to be gone.
    until(lambda: not any(_alive(int(pid)) for pid in note.read_text().split()))
    assert not ended.exists()
    assert list(area.iterdir()) == []


def test_an_installer_does_not_outlive_a_killed_install(tmp_path: Path, area: Path) -> None:
    note = tmp_path / "pids"
    tools = _slow_program(tmp_path, f"echo $$ > {note}; exec sleep 60")
    code = (
        "from pathlib import Path\n"
        "from stash_sense.adapters.packages.installers import InstallerPrograms\n"
        "from stash_sense.models.tools import Tools\n"
        f"InstallerPrograms(Tools(Path({str(tools.uv)!r}), None, None))"
        f".fetch('lite', 'a==1', '0' * 64, Path({str(area)!r}), print)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL) as child:
        until(lambda: note.exists() and note.read_text().endswith("\n"))
        child.kill()
    pid = int(note.read_text())
    until(lambda: not _alive(pid))


def test_progress_follows_what_is_written(tmp_path: Path, area: Path) -> None:
    told = tmp_path / "told"
    write = "head -c 3000000 /dev/zero > $UV_CACHE_DIR/part"
    tools = _slow_program(tmp_path, f"{write}; while ! [ -e '{told}' ]; do sleep 0.01; done")
    seen: list[int] = []

    def listen(report: Progress) -> None:
        seen.append(report.done)
        if report.done >= 3_000_000:
            told.touch()

    InstallerPrograms(tools).fetch("lite", REQUIREMENT, "0" * 64, area, listen)
    assert told.exists()
    assert seen == sorted(seen)


def test_the_error_and_its_cause_are_told_without_secrets(tmp_path: Path, area: Path) -> None:
    said = (
        "error: Failed to fetch: http://me:secret@index/x\\n  cause: tcp connect error\\n  cause: Connection refused"
    )
    tools = _slow_program(tmp_path, f"printf '{said}' >&2; exit 2")
    with pytest.raises(InstallerFailed, match=r"\(Failed to fetch: http://index/x: Connection refused\)"):
        InstallerPrograms(tools).fetch("lite", REQUIREMENT, "0" * 64, area, silent)


def test_a_full_disk_is_told_from_other_failures(tmp_path: Path, area: Path) -> None:
    tools = _slow_program(tmp_path, "echo 'error: write failed: No space left on device (os error 28)' >&2; exit 2")
    with pytest.raises(DiskFull):
        InstallerPrograms(tools).fetch("lite", REQUIREMENT, "0" * 64, area, silent)


def test_pip_is_asked_when_uv_fails(tmp_path: Path, index: Path, area: Path) -> None:
    broken = _slow_program(tmp_path, "echo 'error: no such index' >&2; exit 2")
    with pytest.raises(InstallerFailed, match="no such index"):
        fetcher(broken, index).fetch("lite", REQUIREMENT, "0" * 64, area, silent)


def test_without_any_installer_it_says_what_to_do(area: Path) -> None:
    with pytest.raises(InstallerMissing, match="--from"):
        InstallerPrograms(Tools(None, None, None)).fetch("lite", REQUIREMENT, "0" * 64, area, silent)


def test_the_uv_that_is_named_is_taken_first(tmp_path: Path) -> None:
    named = _slow_program(tmp_path, "exit 0")
    assert find_tools({"UV": str(named.uv), "PATH": ""}).uv == named.uv
    assert find_tools({"UV": str(tmp_path / "absent"), "PATH": str(tmp_path)}).uv is not None


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
