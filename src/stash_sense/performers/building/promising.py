"""The images of one person in a library -> those that are worth describing, where there are more than enough.

Pictures of one shooting look alike: the second one teaches much less than the first of another day. So they are taken
from as many galleries as there are, the latest gallery first, and of each gallery the largest pictures first. What
was chosen stays chosen while nothing new comes; a new gallery takes the place of one picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from stash_sense.library.media import Image, ImageFile

_ENOUGH_PIXELS = 1200
"""Of the shorter side, above which a face gains nothing: it is described at 112 pixels."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One image.

    Attributes:
        id: in the library.
        file: its first one.
        state: changes when the file does.
        group: the gallery or the folder that it is in.
    """

    id: str
    file: ImageFile
    state: str
    group: str

    @classmethod
    def of(cls, image: Image) -> "Candidate | None":
        """Return an image as one; None for what is no still picture."""
        if not image.files or image.files[0].is_video:
            return None
        file = image.files[0]
        group = image.gallery_ids[0] if image.gallery_ids else file.path.rpartition("/")[0]
        digest = next((one.value for one in file.fingerprints if one.kind == "md5"), image.updated_at.isoformat())
        return cls(image.id, file, f"{digest} {file.size}", group)

    @property
    def number(self) -> int:
        """The id as a number, which is higher for what came later."""
        return int(self.id) if self.id.isdecimal() else 0

    @property
    def _worth(self) -> tuple[int, int]:
        return min(self.file.width, self.file.height, _ENOUGH_PIXELS), self.number


def most_promising(images: list[Candidate], most: int) -> list[Candidate]:
    """Choose some; see above."""
    if len(images) <= most:
        return images
    groups: dict[str, list[Candidate]] = {}
    for image in images:
        groups.setdefault(image.group, []).append(image)
    latest = sorted(groups.values(), key=lambda group: -max(image.number for image in group))
    return list(_in_turns([sorted(group, key=lambda image: image._worth, reverse=True) for group in latest]))[:most]


def _in_turns(groups: list[list[Candidate]]) -> Iterator[Candidate]:
    for turn in zip_longest(*groups):
        yield from (image for image in turn if image is not None)
