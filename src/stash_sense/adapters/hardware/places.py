"""Folders of this machine in which a library may be: what is mounted, home, and the folders in these."""

import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from string import ascii_uppercase

_MOUNTS = Path("/proc/self/mountinfo")
_SYSTEM = ("/proc", "/sys", "/dev", "/run", "/boot", "/etc", "/usr", "/bin", "/sbin", "/lib", "/var/lib", "/snap")
_USUAL = (Path("/mnt"), Path("/media"), Path("/srv"), Path("/data"), Path("/library"), Path("/Volumes"))
"""Where systems and containers put drives."""
_MOST_INSIDE = 50
_MOST = 400


def places() -> list[Path]:
    """List the folders, those nearest to the root first; at most 400."""
    roots = [Path("/"), *_drives(), *_mounted(), *_USUAL, Path.home()] if sys.platform != "win32" else [*_drives()]
    here = [root for root in dict.fromkeys(roots) if root.is_dir()]
    found = dict.fromkeys(place for root in here for place in (root, *_inside(root)))
    return sorted(islice(found, _MOST), key=lambda place: len(place.parts))


def size_of(path: Path) -> int | None:
    """Give the bytes of a file; None where there is none that we may look at."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return None


def _mounted() -> Iterator[Path]:
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        place = line.split(" ")[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
        if not place.startswith(_SYSTEM):
            yield Path(place)


def _drives() -> Iterable[Path]:
    drives = [Path(f"{letter}:/") for letter in ascii_uppercase] if sys.platform == "win32" else []
    return [drive for drive in drives if drive.is_dir()]


def _inside(folder: Path) -> Iterator[Path]:
    if str(folder).startswith(_SYSTEM):
        return
    try:
        with os.scandir(folder) as entries:
            inside = (entry for entry in entries if not entry.name.startswith("."))
            folders = [Path(entry.path) for entry in islice(inside, 1000) if entry.is_dir()]
    except OSError:
        return
    yield from sorted(folder for folder in folders if not str(folder).startswith(_SYSTEM))[:_MOST_INSIDE]
