"""Files -> what they are like, and a sample in which every kind of file has its share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from stash_sense.evaluation.truth import TrueFile
from stash_sense.identification.sources import kind_of_file
from stash_sense.media.kinds import Kind
from stash_sense.media.ports import VideoInfo, VideoOpener

SAMPLE = 20
"""Files measured unless more are asked for: some minutes of work, with a file of almost every kind."""
UNKNOWN_LENGTH = "length unknown"

Stratum: TypeAlias = Mapping[str, str]
"""What a file is like: `persons`, `resolution` and `length` of a video; `persons` and `kind` of a picture."""

_Cell = tuple[tuple[str, str], ...]


def stratum_of(path: Path, file: TrueFile, videos: VideoOpener) -> Stratum:
    """Say what a file is like, without decoding any of it.

    Raises:
        InputError: it is missing or cannot be opened.
    """
    persons = {"persons": _persons(len(file.persons) + (file.strangers or 0))}
    if kind_of_file(path) is Kind.PICTURE:
        return {**persons, "kind": "picture"}
    with videos.open(path) as video:
        info = video.info
    return {**persons, "resolution": _resolution(info), "length": _length(info.duration)}


def sample(strata: Sequence[Stratum], count: int, seed: int = 0) -> list[int]:
    """Choose files so that each kind has its share and, if `count` allows, at least one.

    Args:
        strata: of every file.
        count: how many files to choose; all where there are no more.
        seed: which files of a kind; the same seed and files give the same choice.

    Returns:
        Their places, ascending.
    """
    random = np.random.default_rng(seed)
    cells: dict[_Cell, list[int]] = {}
    for place, stratum in enumerate(strata):
        cells.setdefault(tuple(sorted(stratum.items())), []).append(place)
    shares = _shares({cell: len(places) for cell, places in sorted(cells.items())}, min(count, len(strata)))
    chosen = [random.choice(cells[cell], share, replace=False).tolist() for cell, share in shares.items()]
    return sorted(place for places in chosen for place in places)


def _shares(sizes: Mapping[_Cell, int], count: int) -> dict[_Cell, int]:
    """Give every kind one place, and the rest one by one to the kind that has the fewest for its size."""
    shares = dict.fromkeys(_by_need(sizes)[:count], 1)
    for _ in range(count - len(shares)):
        open_cells = [cell for cell in shares if shares[cell] < sizes[cell]]
        shares[max(open_cells, key=lambda cell: sizes[cell] / (shares[cell] + 0.5))] += 1
    return shares


def _by_need(sizes: Mapping[_Cell, int]) -> list[_Cell]:
    """Order kinds so that the first ones have as many different properties as possible, the largest kind first."""
    left, order = dict(sizes), list[_Cell]()
    covered: set[tuple[str, str]] = set()
    while left:
        cell = max(left, key=lambda cell: (len(set(cell) - covered), left[cell]))
        covered |= set(cell)
        order.append(cell)
        del left[cell]
    return order


def _persons(count: int) -> str:
    return "3 or more" if count >= 3 else str(count)


def _resolution(info: VideoInfo) -> str:
    lines = min(info.width, info.height)  # a film held upright has the detail of its shorter side
    if lines < 720:
        return "under 720 lines"
    return "720 to 1079 lines" if lines < 1080 else "1080 lines or more"


def _length(seconds: float) -> str:
    if seconds <= 0.0:
        return UNKNOWN_LENGTH
    if seconds < 5 * 60:
        return "under 5 min"
    return "5 to 30 min" if seconds <= 30 * 60 else "over 30 min"
