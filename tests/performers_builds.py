"""Builds of small databases with the models of `tests.fakes_faces`: folders of coloured squares.

In tests: `from tests.performers_builds import Workshop, portrait`.
"""

import hashlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.fakes_faces import Colour, finder, picture

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.media.frame import Frame
from stash_sense.media.kinds import PICTURE_EXTENSIONS
from stash_sense.media.ports import PictureReader
from stash_sense.performers import schema
from stash_sense.performers.building.build import BuildingPack, BuildOptions, BuildReport, DatabaseBuilder
from stash_sense.performers.building.sources import FolderSource, PerformerSource
from stash_sense.performers.database import PackSpace
from stash_sense.performers.versions.library import PerformersLibrary
from stash_sense.recognition.spec import MatchingConstants

PACK = "test-pack"
CONSTANTS = MatchingConstants(cluster_distance=0.3, max_distance=0.3, stranger_distance=1.0)
"""Colours are one person up to a cosine of .7, and two people from one of .35 on."""


def portrait(colour: Colour, *, left: int = 110, side: int = 100) -> Image:
    """A picture of one person; another `left` or `side` makes another photograph, with a pattern of its own."""
    bright = np.random.default_rng((left, side)).random((8, 8)) < 0.5
    np.fill_diagonal(bright, val=True)  # no row or column is so dim that the face falls apart
    places = np.arange(side) * 8 // side
    shade = np.where(bright, 1.0, 0.2)[places][:, places, None]
    image = picture((colour, left, 50, side))
    image[50 : 50 + side, left : left + side] = ((np.asarray(colour) - 128) * shade + 128).astype(np.uint8)
    return image


class CountingReader:
    """A `PictureReader` that remembers what it was asked for."""

    def __init__(self, reader: PictureReader | None = None) -> None:
        self.read_names: list[str] = []
        self._reader = reader or PillowReader(Limits())

    def read(self, path: Path) -> Frame:
        self.read_names.append(path.name)
        return self._reader.read(path)


@dataclass
class Workshop:
    """A folder of people, a library, and what builds the one from the other."""

    root: Path
    models: str = "models"

    def __post_init__(self) -> None:
        self.people = self.root / "people"
        self.people.mkdir(parents=True, exist_ok=True)
        self.library = PerformersLibrary(self.root / "performers")
        self.reader = CountingReader()

    def builder(self) -> DatabaseBuilder:
        described_by = finder()
        space = PackSpace(PACK, ("colour",), described_by.space)
        return DatabaseBuilder(self.library, self.reader, BuildingPack(space, described_by, CONSTANTS, self.models))

    def build(
        self,
        options: BuildOptions | None = None,
        progress: ProgressListener = silent,
        cancel: CancelToken | None = None,
        source: PerformerSource | None = None,
    ) -> BuildReport:
        """Build, of `people` where no other source is given, with `reader.read_names` empty before."""
        self.reader.read_names.clear()
        source = source or FolderSource(self.people)
        return self.builder().build(source, cancel or CancelToken(), progress, options)


def kept(report: BuildReport) -> dict[str, list[str]]:
    """The pictures behind the faces of each performer, by universal id: paths below the folder of people."""
    query = "SELECT universal_id, image_hash FROM faces f JOIN performers p ON p.id = f.performer_id ORDER BY row"
    root = report.folder.parents[report.folder.parent.name == "performers"]
    pictures = sorted(
        (path for path in root.rglob("*") if path.suffix in PICTURE_EXTENSIONS and path.is_file()), reverse=True
    )
    names = {hashlib.sha256(path.read_bytes()).hexdigest(): path.relative_to(root) for path in pictures}
    found: dict[str, list[str]] = {}
    with closing(schema.open_finished(report.folder / "performers.db")) as database:
        for who, digest in database.execute(query):
            found.setdefault(who, []).append(Path(*names[digest].parts[1:]).as_posix() if digest in names else digest)
    return {who: sorted(paths) for who, paths in found.items()}


def codes(report: BuildReport) -> list[tuple[str, str]]:
    """Code and person of each note."""
    return sorted((note.code, note.person) for note in report.notes)


def stopping_at(cancel: CancelToken, stage: str, done: int) -> ProgressListener:
    """A listener that asks to stop when a stage is so far."""

    def listen(report: Progress) -> None:
        if (report.stage, report.done) == (stage, done):
            cancel.cancel()

    return listen
