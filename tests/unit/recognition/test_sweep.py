"""Which faces of a track are described, over one or several passes."""

from collections.abc import Sequence

import numpy as np
import pytest
from tests.fakes_faces import BLUE, GREEN, RED, ColourEmbedder, SquareDetector, picture, striped

from stash_sense.errors import Cancelled
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.stages import StageClock
from stash_sense.media.frame import Frame
from stash_sense.recognition.describing import FaceDescriber, View
from stash_sense.recognition.face_finder import FaceFinder, FoundFaces, Sweep
from stash_sense.recognition.faces import Detections
from stash_sense.recognition.ports import Alignment, Descriptions
from stash_sense.recognition.space import Block, FaceSpace


class CountingEmbedder(ColourEmbedder):
    """Counts the faces it is asked for, and cancels when told to."""

    def __init__(self, cancel: CancelToken | None = None) -> None:
        self.asked = 0
        self._cancel = cancel

    def embed(self, crops: Image) -> Descriptions:
        self.asked += len(crops)
        if self._cancel is not None:
            self._cancel.cancel()
        return super().embed(crops)


class Looking:
    """A sweep, and what was asked of the embedder."""

    def __init__(self, limits: Limits | None = None, clear_norm: float | None = None) -> None:
        self.embedder = CountingEmbedder()
        view = View(self.embedder, (self.embedder.alignment,), clear_norm)
        describer = FaceDescriber([view], FaceSpace.plain([Block(3, 1.0)]))
        self.sweep: Sweep = FaceFinder(SquareDetector(), describer, limits).sweep(StageClock(), CancelToken())

    def at(self, images: dict[float, Image]) -> FoundFaces:
        self.sweep.look_at(Frame(image, t) for t, image in images.items())
        return self.sweep.found()


def red(side: int = 60) -> Image:
    """The larger the face, the better."""
    return striped(picture((RED, 100, 30, side)))


def times(found: FoundFaces) -> list[float]:
    """When the described faces are seen."""
    return [float(t) for t in found.faces.seen.t[found.faces.row]]


def test_of_each_quarter_of_a_track_the_best_face_is_described() -> None:
    sides = [60, 61, 66, 60, 67, 61, 60, 61, 60, 69, 60, 70]
    looking = Looking()
    found = looking.at({float(second): red(side) for second, side in enumerate(sides)})
    assert len(set(found.faces.seen.track.tolist())) == 1
    assert times(found) == [2.0, 4.0, 6.0 + sides[6:9].index(61), 11.0]
    assert looking.embedder.asked == 4
    assert len(found.faces.seen) == 12


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_of_a_short_track_every_face_is_described(length: int) -> None:
    assert len(Looking().at({float(second): red() for second in range(length)}).faces) == length


def test_every_track_has_its_own_described_faces() -> None:
    found = Looking().at({float(second): picture((RED, 20, 20, 60), (GREEN, 200, 90, 80)) for second in range(9)})
    assert np.bincount(found.faces.track).tolist() == [4, 4]
    for row, track in enumerate(found.faces.track):
        assert (found.faces.vectors[row] > 0).argmax() == track  # red is the first colour, green the second


def test_a_cut_of_the_film_cuts_the_track() -> None:
    night = red()
    night[(night == 128).all(axis=2)] = (100, 100, 100)
    found = Looking().at({0.0: red(), 1.0: red(), 2.0: night, 3.0: night})
    assert found.faces.seen.track.tolist() == [0, 0, 1, 1]


def test_a_second_pass_adds_to_the_first_and_nothing_is_described_twice() -> None:
    looking = Looking()
    first = looking.at({float(second): red() for second in range(0, 12, 3)})
    described = dict(zip(times(first), first.faces.vectors.tolist(), strict=True))
    asked = looking.embedder.asked
    both = looking.at({float(second): red() for second in range(12) if second % 3})
    assert both.frame_count == 12
    assert both.faces.seen.t.tolist() == list(range(12))
    assert both.faces.seen.frame.tolist() == list(range(12))
    assert set(described) <= set(times(both))
    assert looking.embedder.asked == len(both.faces) == asked  # every quarter had its face


def test_a_quarter_without_a_described_face_gets_one_in_the_second_pass() -> None:
    looking = Looking()
    looking.at({0.0: red(), 1.0: red(61)})
    found = looking.at({float(second): red() for second in range(2, 12)})
    assert times(found)[:2] == [0.0, 1.0]
    assert len(times(found)) == 5
    assert looking.embedder.asked == 5


def test_a_person_who_comes_only_in_the_second_pass_is_found_there() -> None:
    looking = Looking()
    looking.at({0.0: red(), 60.0: red()})
    found = looking.at({30.0: picture((BLUE, 10, 10, 60))})
    assert found.faces.seen.t.tolist() == [0.0, 30.0, 60.0]
    assert found.faces.vectors[1].argmax() == 2


def test_two_passes_see_what_one_pass_sees() -> None:
    frames = {float(second): picture((RED, 20 + 5 * second, 20, 60), (BLUE, 220, 90, 80)) for second in range(12)}
    whole = Looking().at(frames).faces
    looking = Looking()
    looking.at({t: image for t, image in frames.items() if t % 3 == 1})
    parts = looking.at({t: image for t, image in frames.items() if t % 3 != 1}).faces
    assert parts.seen.t.tolist() == whole.seen.t.tolist()
    assert parts.seen.track.tolist() == whole.seen.track.tolist()
    np.testing.assert_array_equal(parts.seen.boxes, whole.seen.boxes)


def test_asking_twice_gives_the_same_and_costs_nothing() -> None:
    looking = Looking()
    first = looking.at({0.0: red(), 1.0: red()})
    again = looking.sweep.found()
    np.testing.assert_array_equal(first.faces.vectors, again.faces.vectors)
    assert looking.embedder.asked == 2


def test_a_pass_that_gives_no_frame_changes_nothing() -> None:
    looking = Looking()
    first = looking.at({0.0: red()})
    again = looking.at({})
    assert (again.frame_count, len(again.faces), again.width) == (first.frame_count, 1, 320)
    assert Looking().at({}).frame_count == 0


def test_a_model_that_tells_how_clear_a_face_is_has_the_last_word_on_its_quality() -> None:
    image = picture((RED, 100, 30, 60))
    estimated = Looking().at({0.0: image}).faces.quality
    told = Looking(clear_norm=float(np.linalg.norm(np.array(RED) - 128.0))).at({0.0: image}).faces.quality
    assert told == pytest.approx(1.0, abs=0.01)
    assert estimated[0] < 0.9


def test_faces_beyond_the_limit_of_a_file_do_not_take_the_place_of_described_ones() -> None:
    looking = Looking(Limits(faces_per_file=2))
    looking.at({0.0: red(30), 60.0: red(32)})
    found = looking.at({float(second): red(120) for second in range(100, 110)})
    assert times(found) == [0.0, 60.0]
    assert len(found.faces.seen) == 2
    assert looking.embedder.asked == 2


def test_being_stopped_while_describing_ends_the_work() -> None:
    cancel = CancelToken()
    embedder = CountingEmbedder(cancel)
    describer = FaceDescriber([View(embedder, (embedder.alignment,))], FaceSpace.plain([Block(3, 1.0)]))
    crowd = picture(*((RED, 10 + 20 * number, 10, 12) for number in range(40)), size=(820, 40))
    with pytest.raises(Cancelled):
        FaceFinder(SquareDetector(), describer).find([Frame(crowd, None)], StageClock(), cancel)
    assert embedder.asked == 16


class LargeEmbedder(CountingEmbedder):
    """Wants its faces large, so that a few patches take all the memory there is for them."""

    alignment = Alignment(1200, tuple((x * 75, y * 75) for x, y in ColourEmbedder.alignment.points))

    def embed(self, crops: Image) -> Descriptions:
        return super().embed(crops[:, ::75, ::75])


class CloseUpDetector(SquareDetector):
    """Looks for squares once for all pictures."""

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return super().detect(images[:1]) * len(images)


CLOSE_UP = picture((RED, 20, 20, 1200), size=(1300, 1240))
"""Its patch takes 4.8 MB: 21 of them are more than the 96 MB that patches may take."""


def looking_closely() -> Looking:
    looking = Looking()
    looking.embedder = LargeEmbedder()
    describer = FaceDescriber([View(looking.embedder, (LargeEmbedder.alignment,))], FaceSpace.plain([Block(3, 1.0)]))
    looking.sweep = FaceFinder(CloseUpDetector(), describer).sweep(StageClock(), CancelToken())
    return looking


def test_when_patches_take_too_much_memory_the_best_of_the_tracks_so_far_are_described() -> None:
    looking = looking_closely()
    looking.sweep.look_at(Frame(CLOSE_UP, float(second)) for second in range(24))
    assert looking.embedder.asked == 4
    found = looking.sweep.found()
    assert len(found.faces.seen) == 24
    assert 4 <= len(found.faces) <= 5


def test_who_comes_after_patches_were_dropped_is_described_like_everybody() -> None:
    looking = looking_closely()
    looking.sweep.look_at(Frame(CLOSE_UP, float(second)) for second in range(24))
    found = looking.at({t: picture((BLUE, 20, 20, 300)) for t in (30.0, 31.0)})
    assert [int(vector.argmax()) for vector in found.faces.vectors][-2:] == [2, 2]


def test_a_quarter_whose_best_face_was_dropped_is_described_by_the_best_that_is_left() -> None:
    looking = looking_closely()
    looking.sweep.look_at(Frame(CLOSE_UP, float(second)) for second in range(24))
    found = looking.at({24.0 + second: CLOSE_UP for second in range(6)})
    # Seconds 0, 6, 12 and 18 were described; the last quarter of 30 begins with second 23, which was not.
    assert len(set(found.faces.seen.track.tolist())) == 1
    assert times(found) == [0.0, 6.0, 12.0, 18.0, 24.0]
