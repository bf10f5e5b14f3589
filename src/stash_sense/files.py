"""Writing files and folders so that a reader sees the old one or the new one, never half of it."""

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stash_sense.errors import DiskFull, NotWritable, StorageError


def storage_error(path: Path, error: OSError) -> StorageError:
    """Say in the user's words why `path` could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(path=path)
    return NotWritable(path=path, reason=error.strerror or type(error).__name__)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's errors about writing below `path` into ours.

    Raises:
        StorageError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole: beside it under another name, flushed to the disk, then renamed over it.

    A link is followed; a file that is there keeps its permissions, a new one gets those of the user's umask.

    Raises:
        DiskFull: nothing is left behind, a file that was there before is unharmed.
        NotWritable: the same; also where something is there that is not a file.
    """
    with storage_errors(path):
        try:
            target = path.resolve()
        except RuntimeError as error:  # until Python 3.13
            raise NotWritable(path=path, reason="it is a link in a circle") from error
        if target.exists() and not target.is_file():
            raise NotWritable(path=path, reason="it is not a file")
        target.parent.mkdir(parents=True, exist_ok=True)
        # 255 bytes are allowed for a name, of which a character takes up to 4.
        part = target.with_name(f".{target.name[:50]}.{secrets.token_hex(8)}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def flush_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_files(folder: Path) -> None:
    """Make the files in a folder, which has no others below it, and their names survive a power cut."""
    for file in folder.iterdir():
        with file.open("rb") as content:
            os.fsync(content.fileno())
    flush_folder(folder)


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Fill a folder aside, then put it in the place of `target` in one step when the block ends well.

    The caller makes sure that only one process does this for a target at a time.

    Raises:
        StorageError: nothing is left behind, a folder that was there before is unharmed.
    """
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.staged-"))
    try:
        yield stage
        with storage_errors(target):
            stage.chmod(0o755)
            for file in (*stage.rglob("*"), stage):
                if file.is_dir():
                    flush_folder(file)
                else:
                    with file.open("rb") as content:
                        os.fsync(content.fileno())
            replaced = target.with_name(f".{target.name}.replaced-{stage.name.rsplit('-', 1)[-1]}")
            put_in_place(stage, target, replaced)
            _remove(replaced)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def put_in_place(folder: Path, target: Path, aside: Path) -> None:
    """Rename a folder on the same disk; what has the name is put aside for that, and back if it fails.

    Args:
        folder: to be renamed.
        target: its new name.
        aside: a name that is free; what it is given to is left there.

    Raises:
        OSError: everything is where it was, or what was renamed may not outlive a power cut.
    """
    if os.path.lexists(target):
        target.rename(aside)
    try:
        folder.rename(target)
    except OSError:
        if os.path.lexists(aside):
            aside.rename(target)
        raise
    flush_folder(target.parent)


def _remove(path: Path) -> None:
    """Remove what stood in a folder's place: a folder, a link to one, a file, or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
