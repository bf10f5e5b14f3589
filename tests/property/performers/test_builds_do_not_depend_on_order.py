import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes_faces import BLUE, GREEN, NEARLY_RED, RED, YELLOW, save_picture
from tests.performers_builds import Workshop, kept, portrait

from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.build import BuildReport
from stash_sense.performers.building.sources import FolderSource, SourcePerformer, SourcePicture

COLOURS = {"red": RED, "nearly red": NEARLY_RED, "green": GREEN, "blue": BLUE}
PICTURES = st.lists(
    st.tuples(st.sampled_from("ABC"), st.sampled_from(sorted(COLOURS)), st.integers(60, 64)),
    min_size=1,
    max_size=10,
    unique=True,
)


class ShuffledSource(FolderSource):
    """A folder whose people and pictures come in another order."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder)
        self._random = random.Random(seed)  # noqa: S311  no secret

    def performers(self, cancel: CancelToken) -> Iterator[SourcePerformer]:
        people = [
            replace(performer, pictures=iter(self._shuffled(performer)))
            for performer in list(super().performers(cancel))
        ]
        self._random.shuffle(people)
        yield from people

    def _shuffled(self, performer: SourcePerformer) -> list[SourcePicture]:
        pictures = list(performer.pictures)
        self._random.shuffle(pictures)
        return pictures


def built(workshop: Workshop, seed: int) -> BuildReport:
    return workshop.builder().build(ShuffledSource(workshop.people, seed), CancelToken())


@settings(max_examples=15)
@given(pictures=PICTURES, seed=st.integers(0, 1000), begun=st.integers(0, 10))
def test_the_same_pictures_give_the_same_content_in_any_order_and_in_any_steps(
    pictures: list[tuple[str, str, int]], seed: int, begun: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        at_once, in_steps = Workshop(Path(folder) / "1"), Workshop(Path(folder) / "2")
        for workshop in (at_once, in_steps):  # somebody of whom there always is a face
            save_picture(workshop.people / "Z" / "0.png", portrait(YELLOW))
        order = random.Random(seed).sample(pictures, len(pictures))  # noqa: S311
        for number, (name, colour, side) in enumerate(order):
            path = Path(name) / f"{colour} {side}.png"
            save_picture(in_steps.people / path, portrait(COLOURS[colour], side=side))
            if number == begun:
                in_steps.build()
        for name, colour, side in pictures:
            path = Path(name) / f"{colour} {side}.png"
            save_picture(at_once.people / path, portrait(COLOURS[colour], side=side))
        expected, report = built(at_once, 0), built(in_steps, seed)
        assert report.manifest.content == expected.manifest.content
        assert kept(report) == kept(expected)
        assert report.left_out == expected.left_out
        assert sorted(note.code for note in report.notes) == sorted(note.code for note in expected.notes)
