"""npm as a child process: a pinned package to its tarball in a folder, which nothing unpacks or runs.

As with uv and pip the user's own settings (registry, proxies, certificates) hold, and cache and log are inside the
folder that is filled.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from stash_sense.adapters.packages.child import disk_was_full, fetched, reason_of, watched, without_secrets
from stash_sense.errors import DiskFull, InstallerFailed, PackSourceMismatch
from stash_sense.files import storage_errors
from stash_sense.kernel.progress import ProgressListener

_ERROR = re.compile(r"^npm (?:error|ERR!) *", re.MULTILINE)
_DETAIL = re.compile(r"^(code|syscall|errno|type|path|dest)\b|^A complete log |^ *$")
"""What npm says of an error besides its sentence."""
_WRONG_HASH = "EINTEGRITY"


def fetch_with_npm(
    npm: Path, environment: Mapping[str, str], pack: str, requirement: str, into: Path, progress: ProgressListener
) -> None:
    """Put the tarball into `into`.

    Args:
        npm: the program.
        environment: of the child process.
        pack: the pack it is for, to name it in errors.
        requirement: name@version.
        into: an empty folder.
        progress: told the bytes fetched so far; whatever it raises stops npm and comes out of here.

    Raises:
        InstallerFailed: npm could not fetch the package.
        PackSourceMismatch: the registry gave a file with another hash than it tells.
        DiskFull: as it says.
    """
    work = into / ".work"
    with storage_errors(into.parent):
        (work / "tmp").mkdir(parents=True)
    command = [str(npm), "pack", requirement, "--pack-destination", str(into), "--cache", str(work / "cache")]
    command += ["--ignore-scripts", "--no-update-notifier", "--loglevel=error", "--color=false"]
    # A dry run that the user has set up would fetch nothing.
    command += ["--no-dry-run", "--no-workspaces"]
    try:
        places = {"TMPDIR": str(work / "tmp")}
        said = watched(command, {**environment, **places}, work / "said", lambda: progress(fetched(into)))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if said is None:
        return
    if disk_was_full(said):
        raise DiskFull(path=into.parent)
    if _WRONG_HASH in said:
        reason = "the registry gave another file than it says that it has"
        raise PackSourceMismatch(file=requirement, pack=pack, reason=reason)
    raise InstallerFailed(installer="npm", package=requirement, pack=pack, reason=_reason(said))


def _reason(said: str) -> str:
    """Return npm's sentence: the first line of its error that is one."""
    errors = [_ERROR.sub("", line) for line in without_secrets(said).splitlines() if _ERROR.match(line)]
    sentences = [line for line in errors if not _DETAIL.match(line)]
    return reason_of(sentences[0] if sentences else said)
