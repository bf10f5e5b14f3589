"""A program that fetches something: started, looked after, killed with us, and what it said as one sentence."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stash_sense.files import storage_errors
from stash_sense.kernel.progress import Progress

_POLL = 0.2
"""Seconds between two looks at how much was fetched."""
_ERROR_BYTES = 64 * 1024
"""Of what the child said, the end is read."""
_REASON_LETTERS = 300
_FRAME = " \t\u00d7\u2570\u2500\u25b6\u2502\u251c"
"""What uv draws around its errors."""
_SECRET = re.compile(r"//[^/@\s]+@")
"""Names and passwords in the addresses of package indexes and registries."""

_DISK_FULL = ("no space left on device", "disk quota exceeded", "os error 28")

_DIES_WITH_PARENT = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"  # PR_SET_PDEATHSIG, SIGKILL
    "if os.getppid() == int(sys.argv[1]): os.execv(sys.argv[2], sys.argv[2:])\n"
)
"""Run first in the child on Linux: a killed install does not leave a download running."""


def watched(
    command: Sequence[str], environment: Mapping[str, str], log: Path, look: Callable[[], None]
) -> str | None:
    """Run a command in the folder of its log, looking after it now and then.

    Args:
        command: the program and its arguments.
        environment: all of its variables.
        log: a file that does not exist, for what it says.
        look: called five times a second; whatever it raises kills the program and what that started.

    Returns:
        What it said when it failed, else None.

    Raises:
        StorageError: the log cannot be written.
    """
    if sys.platform == "linux":
        command = [sys.executable, "-I", "-S", "-c", _DIES_WITH_PARENT, str(os.getpid()), *command]
    with storage_errors(log.parent):
        output = log.open("wb")
    with output:
        child = subprocess.Popen(  # noqa: S603 - the programs come from find_tools, the arguments from the catalogue
            command,
            env=dict(environment),
            cwd=log.parent,  # a project that we are called from has settings of its own
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


def fetched(folder: Path) -> Progress:
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


def disk_was_full(said: str) -> bool:
    """Whether what a program said when it failed means a full disk."""
    return any(mark in said.lower() for mark in _DISK_FULL)


def reason_of(said: str) -> str:
    """Return what the user should read of what an installer said: its error and what that came from, on one line."""
    lines = [" ".join(line.strip(_FRAME).split()) for line in without_secrets(said).splitlines()]
    lines = [line for line in lines if line] or ["it said nothing"]
    errors = [line for line in lines if line.lower().startswith("error: ")]
    causes = [line for line in lines if line.lower().startswith(("cause: ", "caused by: ", "because "))]
    chosen = [*errors[-1:], *causes[-1:]] or lines[-1:]
    texts = [re.sub(r"^(error|cause|caused by): ", "", line, flags=re.IGNORECASE).rstrip(".:") for line in chosen]
    return ": ".join(texts)[:_REASON_LETTERS]


def without_secrets(said: str) -> str:
    """Take the names and passwords out of the addresses in a text."""
    return _SECRET.sub("//", said)
