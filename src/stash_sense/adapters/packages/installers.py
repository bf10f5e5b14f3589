"""uv or pip as a child process: a pinned package and its hash to its files in a folder.

The user's own settings (index, proxies, certificates) hold, because it is the user's own installer. Cache and
temporary files are inside the folder that is filled, so that nothing is left elsewhere and progress can be read from
its growth.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stash_sense.adapters.packages.child import disk_was_full, fetched, reason_of, watched
from stash_sense.adapters.packages.npm import fetch_with_npm
from stash_sense.errors import DiskFull, InstallerFailed, InstallerMissing, NpmMissing, PackSourceMismatch
from stash_sense.files import storage_errors
from stash_sense.kernel.progress import ProgressListener
from stash_sense.models.tools import Tools, find_tools

_WRONG_HASH = ("hash mismatch", "do not match the hashes")

Fetching = Callable[[Path, Path], Sequence[str]]
"""From the requirements file and the target folder to the command line."""


@dataclass(frozen=True, slots=True)
class _Installer:
    name: str
    command: Fetching
    environment: Mapping[str, str]


class InstallerPrograms:
    """A `models.ports.PackageFetcher`: uv for PyPI, pip where there is no uv or it fails; npm for npm's tarballs.

    Args:
        tools: the programs to use; by default those that are found.
        environment: of the child processes; by default this process's own.
    """

    def __init__(self, tools: Tools | None = None, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._tools = tools

    def fetch(self, pack: str, requirement: str, sha256: str, into: Path, progress: ProgressListener) -> None:
        """Unpack a package below `into` without its dependencies and without running any of its code.

        Whatever `progress` raises stops the child process and comes out of here.

        Raises:
            InstallerMissing: there is neither uv nor pip.
            InstallerFailed: none of them could fetch the package.
            PackSourceMismatch: the index gave a file with another hash.
            DiskFull: as it says.
        """
        installers = self._installers()
        if not installers:
            raise InstallerMissing(pack=pack)
        reasons = []
        for installer in installers:
            said = self._run(installer, requirement, sha256, into, progress)
            if said is None:
                return
            if disk_was_full(said):
                raise DiskFull(path=into.parent)
            if any(mark in said.lower() for mark in _WRONG_HASH):
                reason = "the package index gave another file than the pinned one"
                raise PackSourceMismatch(file=requirement, pack=pack, reason=reason)
            reasons.append(reason_of(said))
        raise InstallerFailed(
            installer=" and ".join(installer.name for installer in installers),
            package=requirement,
            pack=pack,
            reason="; ".join(dict.fromkeys(reasons)),
        )

    def fetch_tarball(
        self, pack: str, requirement: str, distribution: str, into: Path, progress: ProgressListener
    ) -> None:
        """Put an npm package's tarball into `into`; its hash is the caller's to check.

        Whatever `progress` raises stops the child process and comes out of here.

        Raises:
            NpmMissing: there is no npm.
            InstallerFailed: it could not fetch the package.
            PackSourceMismatch: the registry gave a file with another hash than it tells.
            DiskFull: as it says.
        """
        npm = (self._tools or find_tools(self._environment)).npm
        if npm is None:
            raise NpmMissing(pack=pack, package=requirement, distribution=distribution)
        fetch_with_npm(npm, self._environment, pack, requirement, into, progress)

    def _installers(self) -> list[_Installer]:
        tools = self._tools or find_tools(self._environment)
        installers = []
        if tools.uv is not None:
            installers.append(_uv(tools.uv))
        if tools.pip is not None:
            installers.append(_pip(tools.pip))
        return installers

    def _run(
        self, installer: _Installer, requirement: str, sha256: str, into: Path, progress: ProgressListener
    ) -> str | None:
        """Let one installer fill the folder; return what it said when it failed."""
        work = into / ".work"
        with storage_errors(into.parent):
            shutil.rmtree(work, ignore_errors=True)
            for folder in ("cache", "tmp"):
                (work / folder).mkdir(parents=True)
            requirements = work / "requirements.txt"
            requirements.write_text(f"{requirement} --hash=sha256:{sha256}\n")
        places = {
            "TMPDIR": str(work / "tmp"),
            "UV_CACHE_DIR": str(work / "cache"),
            "PIP_CACHE_DIR": str(work / "cache"),
        }
        command = installer.command(requirements, into)
        environment = {**self._environment, **places, **installer.environment}
        try:
            return watched(command, environment, work / "said", lambda: progress(fetched(into)))
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _uv(program: Path) -> _Installer:
    def command(requirements: Path, target: Path) -> list[str]:
        options = ["pip", "install", "--python", sys.executable, "--no-progress", "--color", "never"]
        return [str(program), *options, "--no-compile-bytecode", *_common(requirements, target)]

    return _Installer("uv", command, {})


def _pip(python: Path) -> _Installer:
    def command(requirements: Path, target: Path) -> list[str]:
        options = ["--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off"]
        # The package's code is not run, so the Python it asks for does not matter.
        options += ["--ignore-requires-python", "--no-compile"]
        return [str(python), "-m", "pip", "install", *options, *_common(requirements, target)]

    # Settings of the user that do not go together with a target folder.
    return _Installer("pip", command, {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_NO_CACHE_DIR": "1"})


def _common(requirements: Path, target: Path) -> list[str]:
    safe = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    return [*safe, "--target", str(target), "-r", str(requirements)]
