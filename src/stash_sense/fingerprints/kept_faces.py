"""The faces of one video or picture, as much of them as is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stash_sense.recognition.faces import Faces


@dataclass(frozen=True, slots=True, eq=False)
class KeptFaces:
    """Faces that are kept so that another database needs no frames.

    Attributes:
        pack: id of the model pack that made the vectors.
        faces: the rows of `seen` and of what is described that are kept; `crops` is empty, (n, 0, 0, 3), and
            `seen.landmarks` are zeros.
        frame_count: frames that were looked at.
        crops: JPEG of some, by row of `faces.seen`; to be kept. What is had from a store has none: see its `crop`.
        shown: rows of `faces.seen` of which there is a crop.
    """

    pack: str
    faces: Faces
    frame_count: int
    crops: Mapping[int, bytes] = field(default_factory=dict)
    shown: frozenset[int] = frozenset()
