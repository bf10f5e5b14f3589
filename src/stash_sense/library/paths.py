"""Where the files of a library are for us: Stash may see them in other folders than we do, as in a container."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from stash_sense.errors import PathMapInvalid

_MOST_LOOKS = 20_000
"""Files looked for in one guess: some seconds on a slow network drive."""
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


@dataclass(frozen=True, slots=True)
class FolderPair:
    """A folder as Stash sees it, and as we do."""

    theirs: PurePath
    ours: Path

    def __str__(self) -> str:
        return f"{self.theirs}={self.ours}"

    def local(self, path: PurePath) -> Path | None:
        """Say where a file is for us; None when it is not in this folder."""
        if type(path) is not type(self.theirs) or not path.is_relative_to(self.theirs):
            return None
        return self.ours.joinpath(*path.relative_to(self.theirs).parts)


@dataclass(frozen=True, slots=True)
class PathMap:
    """Pairs of folders. Without any, we see what Stash sees."""

    pairs: tuple[FolderPair, ...] = ()

    @classmethod
    def parse(cls, text: str) -> PathMap:
        """Read pairs as users write them: `/data=/mnt/media; D:\\videos=/mnt/videos`.

        Raises:
            PathMapInvalid: it is written in another way.
        """
        return cls(tuple(_pair(part.strip()) for part in text.split(";") if part.strip()))

    def __str__(self) -> str:
        return "; ".join(map(str, self.pairs))

    def local(self, path: str) -> Path | None:
        """Say where we would find a file of Stash; whether it is there is not looked at.

        Returns:
            The place by the longest folder that the file is in; the same path where it is in none of them; None
            where no such path can be on this machine.
        """
        theirs = pure(path)
        for pair in sorted(self.pairs, key=lambda pair: -len(pair.theirs.parts)):
            if (found := pair.local(theirs)) is not None:
                return found
        return Path(path) if isinstance(theirs, type(PurePath())) and theirs.is_absolute() else None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file of the library as Stash sees it; `size` in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Guess:
    """Where the files of a library seem to be: `found` of `looked_for` files are where `paths` says."""

    paths: PathMap
    found: int
    looked_for: int


def pure(path: str) -> PurePath:
    """Read a path of a Stash that may run on another system."""
    return PureWindowsPath(path) if _WINDOWS.match(path) else PurePosixPath(path)


def guess(
    files: Sequence[KnownFile], places: Sequence[Path], size_of: Callable[[Path], int | None], known: PathMap
) -> Guess:
    """Find out in which folders we see the files of a library.

    Args:
        files: some of the library, the more various the better.
        places: folders that may hold parts of the library.
        size_of: gives the bytes of a file; None where there is none.
        known: pairs that the user has set; only files that these do not explain are looked for.
    """
    pairs = known.pairs

    def sees(file: KnownFile, by: tuple[FolderPair, ...]) -> bool:
        place = PathMap(by).local(file.path)
        return place is not None and size_of(place) == file.size

    looks = _MOST_LOOKS
    for file in files:
        if sees(file, pairs):
            continue
        for pair, place in islice(_explanations(pure(file.path), places), looks):
            looks -= 1
            if size_of(place) == file.size:
                # A pair that leads this file elsewhere gives way where more files are found without it.
                other = (*(old for old in pairs if old.local(pure(file.path)) is None), pair)
                both = (*pairs, pair)
                pairs = max((both, other), key=lambda these: sum(sees(one, these) for one in files))
                break
    return Guess(PathMap(pairs), sum(sees(file, pairs) for file in files), len(files))


def _explanations(theirs: PurePath, places: Sequence[Path]) -> Iterator[tuple[FolderPair, Path]]:
    """Give every pair by which we might see a file and where it would be then, the one that explains most first."""
    inside = theirs.relative_to(theirs.anchor).parts
    for begin in range(len(inside)):
        folder = type(theirs)(theirs.anchor, *inside[:begin])
        for place in places:
            yield FolderPair(folder, place), place.joinpath(*inside[begin:])


def _pair(text: str) -> FolderPair:
    theirs, mark, ours = text.partition("=")
    folder, place = pure(theirs.strip()), Path(ours.strip())
    if not mark or not folder.is_absolute() or not place.is_absolute():
        raise PathMapInvalid(text=text)
    return FolderPair(folder, place)
