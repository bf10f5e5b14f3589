"""People and pictures without a face, for tests that need no real ones."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stash_sense.kernel.arrays import Image
from stash_sense.media.frame import Frame
from stash_sense.recognition.faces import Detections
from stash_sense.scenes.people import Actors, Person
from stash_sense.scenes.script import SceneOptions

SHORT = SceneOptions(width=160, height=90, rate=10, seconds=(4.0, 9.0), shots=(2, 2))
FACE = (70.0, 60.0, 130.0, 140.0)
"""Where `DrawnFaces` says that the face of a 200-pixel square is."""


def actors(people: int = 6, strangers: int = 4) -> Actors:
    return Actors(
        people=tuple(Person(f"P{n}", (Path(f"p{n}a.jpg"), Path(f"p{n}b.jpg"))) for n in range(people)),
        strangers=tuple(Person(f"S{n}", (Path(f"s{n}.jpg"),)) for n in range(strangers)),
    )


class Squares:
    """`PictureReader`: each path has a colour of its own."""

    def read(self, path: Path) -> Frame:
        level = sum(path.name.encode()) % 200
        return Frame(np.full((200, 200, 3), (level, 90, 255 - level), np.uint8), None)


class DrawnFaces:
    """`Detector`: one face in the middle of every picture."""

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        one = Detections(np.array([FACE], np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))
        return [one for _ in images]
