from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from tests.fakes_faces import BLUE, GREEN, RED, ColourEmbedder, SquareDetector, picture, striped

from stash_sense.errors import Cancelled
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.stages import StageClock
from stash_sense.media.frame import Frame
from stash_sense.recognition.alignment import enlarged
from stash_sense.recognition.describing import FaceDescriber, View
from stash_sense.recognition.face_finder import FaceFinder, FoundFaces
from stash_sense.recognition.faces import Detections
from stash_sense.recognition.ports import Descriptions
from stash_sense.recognition.space import Block, FaceSpace

EMPTY = picture()
ONE = picture((RED, 20, 20, 60))
TWO = picture((RED, 20, 20, 60), (GREEN, 200, 100, 80))


class NotedDetector(SquareDetector):
    """Notes the batches; of the faces of a frame, those to the right have the better scores, as the port promises."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.batches.append(len(images))
        return [self._ranked(found) for found in super().detect(images)]

    def _ranked(self, found: Detections) -> Detections:
        order = np.argsort(-found.boxes[:, 0])
        scores = np.linspace(0.9, 0.6, len(found)).astype(np.float32)
        return Detections(found.boxes[order], scores, found.landmarks[order])


class NotedEmbedder(ColourEmbedder):
    """Notes the crops it is given."""

    def __init__(self) -> None:
        self.batches: list[Image] = []

    def embed(self, crops: Image) -> Descriptions:
        self.batches.append(crops)
        return super().embed(crops)


class Finding:
    """A finder over noted models, of two embedders with two views each."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.detector = NotedDetector()
        self.embedders = (NotedEmbedder(), NotedEmbedder())
        self.views = tuple(enlarged(ColourEmbedder.alignment, factor) for factor in (1.0, 0.4))
        views = [View(embedder, self.views) for embedder in self.embedders]
        space = FaceSpace.plain([Block(3, 0.5), Block(3, 0.5)])
        self.finder = FaceFinder(self.detector, FaceDescriber(views, space), limits)

    def find(self, *frames: Frame) -> FoundFaces:
        return self.finder.find(iter(frames), StageClock(), CancelToken())


def at(t: float | None, image: Image = ONE) -> Frame:
    return Frame(image, t)


def crowd(count: int, colour: tuple[int, int, int] = RED) -> Image:
    return picture(*((colour, 10 + 20 * number, 10, 12) for number in range(count)), size=(20 + 20 * count, 40))


def test_a_batch_has_four_frames_at_most() -> None:
    finding = Finding()
    finding.find(*(at(float(second)) for second in range(10)))
    assert finding.detector.batches == [4, 4, 2]


def test_a_batch_has_the_pixels_of_four_frames_of_full_hd_at_most() -> None:
    finding = Finding()
    large = np.full((2160, 3840, 3), 128, np.uint8)
    half = np.full((1080, 3840, 3), 128, np.uint8)
    finding.find(at(0.0, large), at(1.0, EMPTY), at(2.0, half), at(3.0, half), at(4.0, half))
    assert finding.detector.batches == [1, 2, 2]


def test_faces_are_described_sixteen_at_a_time_at_most() -> None:
    finding = Finding()
    found = finding.find(at(0.0, crowd(35)))
    assert len(found.faces) == 35
    for embedder in finding.embedders:
        sizes = [len(batch) for batch in embedder.batches]
        assert max(sizes) <= 16
        assert sum(sizes) == 35 * len(finding.views)


def test_faces_come_in_the_order_of_time_though_frames_do_not() -> None:
    found = Finding().find(at(3.0, TWO), at(1.0), at(2.0, EMPTY), at(0.5, TWO), at(4.0))
    assert found.faces.seen.t.tolist() == [0.5, 0.5, 1.0, 3.0, 3.0, 4.0]
    assert found.faces.seen.frame.tolist() == [0, 0, 1, 3, 3, 4]
    assert found.faces.seen.boxes[:, 0].tolist() == [200, 20, 20, 200, 20, 20]


def test_frames_without_faces_are_counted() -> None:
    found = Finding().find(at(0.0, EMPTY), at(1.0), at(2.0, EMPTY))
    assert (found.frame_count, len(found.faces)) == (3, 1)
    assert (found.width, found.height) == (320, 200)
    nothing = Finding().find(at(0.0, EMPTY))
    assert (nothing.frame_count, len(nothing.faces)) == (1, 0)
    assert nothing.faces.vectors.shape == (0, 6)


def test_times_are_true_to_the_millisecond_after_hours() -> None:
    times = [20_000.001, 20_000.002]
    found = Finding().find(*map(at, times))
    assert found.faces.seen.t.dtype == np.float64
    assert found.faces.seen.t.tolist() == times


def test_a_still_picture_has_no_time() -> None:
    assert np.isnan(Finding().find(at(None, TWO)).faces.seen.t).all()


def test_crops_are_pictures_of_the_faces() -> None:
    faces = Finding().find(at(0.0, picture((BLUE, 100, 60, 80)))).faces
    assert faces.crops.shape == (1, 96, 96, 3)
    assert faces.crops.dtype == np.uint8
    assert faces.crops[0, 48, 48].tolist() == list(BLUE)


def test_cancelling_ends_the_work_after_the_batch() -> None:
    finding, cancel = Finding(), CancelToken()

    def frames() -> Iterator[Frame]:
        for second in range(100):
            if second == 6:
                cancel.cancel()
            yield at(float(second))

    with pytest.raises(Cancelled):
        finding.finder.find(frames(), StageClock(), cancel)
    assert finding.detector.batches == [4]


def test_progress_is_told_after_each_batch() -> None:
    told: list[int] = []
    sweep = Finding().finder.sweep(StageClock(), CancelToken(), told.append)
    sweep.look_at(at(float(second)) for second in range(10))
    sweep.look_at(at(10.0 + second) for second in range(3))
    assert told == [4, 8, 10, 13]


def test_of_a_crowd_the_faces_with_the_best_scores_are_described() -> None:
    finding = Finding(Limits(faces_per_frame=2))
    found = finding.find(at(0.0, crowd(5)), at(1.0))
    assert found.faces.frame.tolist() == [0, 0, 1]
    assert found.faces.seen.boxes[:2, 0].tolist() == [90, 70]
    assert sum(len(batch) for batch in finding.embedders[0].batches) == 3 * len(finding.views)


def test_of_a_whole_file_the_faces_that_promise_most_are_kept() -> None:
    sides = {4.0: 90, 1.0: 20, 3.0: 40, 0.0: 110, 2.0: 30}
    frames = [at(t, striped(picture((RED, 100, 40, side)))) for t, side in sides.items()]
    found = Finding(Limits(faces_per_file=2)).find(*frames)
    assert found.faces.seen.t.tolist() == [0.0, 4.0]
    assert found.faces.seen.frame.tolist() == [0, 4]
    assert found.faces.row.tolist() == [0, 1]
    assert found.frame_count == 5


def test_a_face_of_a_frame_may_be_kept_without_the_others() -> None:
    image = striped(picture((RED, 20, 20, 20), (GREEN, 200, 60, 100)))
    faces = Finding(Limits(faces_per_file=2)).find(at(1.0, image), at(0.0, image)).faces
    assert faces.seen.frame.tolist() == [0, 1]
    assert faces.seen.boxes[:, 0].tolist() == [200, 200]
    assert len(faces.vectors) == len(faces.crops) == len(faces.seen.landmarks) == 2


def test_nobody_has_two_faces_of_one_frame_on_a_track() -> None:
    found = Finding().find(*(at(float(second), TWO) for second in range(6)))
    assert found.faces.seen.track.tolist() == [0, 1] * 6
    assert found.faces.frame.tolist() == found.faces.seen.frame[found.faces.row].tolist()
    assert found.faces.track.tolist() == found.faces.seen.track[found.faces.row].tolist()


def test_stages_are_timed_by_what_they_do() -> None:
    clock = StageClock()
    Finding().finder.find([at(0.0, TWO)], clock, CancelToken())
    assert set(clock.milliseconds) == {"extraction", "detection", "embedding"}
