from collections.abc import Sequence

import numpy as np
import pytest
from tests.fakes_faces import GREEN, RED, Colour, ColourEmbedder, SquareDetector, picture

from stash_sense.kernel.arrays import Floats, Image
from stash_sense.recognition.alignment import PORTRAIT, Patch, enlarged
from stash_sense.recognition.describing import DescribedFace, FaceDescriber, View
from stash_sense.recognition.ports import Descriptions
from stash_sense.recognition.space import Block, FaceSpace, unit

NEAR, FAR = (enlarged(ColourEmbedder.alignment, factor) for factor in (1.0, 0.4))
BLUISH = (128, 128, 180)


class NotedEmbedder(ColourEmbedder):
    """Notes the crops it is given."""

    def __init__(self) -> None:
        self.batches: list[Image] = []

    def embed(self, crops: Image) -> Descriptions:
        self.batches.append(crops)
        return super().embed(crops)


def patch_of(colour: Colour, side: int = 60) -> Patch:
    """A square on bluish grey, which only the wider view sees."""
    image = picture((colour, 100, 60, side))
    image[(image == 128).all(axis=2)] = BLUISH
    landmarks = SquareDetector().detect([picture((colour, 100, 60, side))])[0].landmarks[0]
    return Patch.cut(image, landmarks, (PORTRAIT, NEAR, FAR))


def described(describer: FaceDescriber, patches: Sequence[Patch]) -> list[DescribedFace]:
    return [face for batch in describer.batches(patches) for face in batch]


def vectors(embedder: NotedEmbedder, batch: int) -> Floats:
    return ColourEmbedder().embed(embedder.batches[batch]).vectors


def test_the_views_of_an_embedder_are_averaged_and_the_embedders_put_side_by_side() -> None:
    one, other = NotedEmbedder(), NotedEmbedder()
    space = FaceSpace.plain([Block(3, 0.25), Block(3, 0.75)])
    describer = FaceDescriber([View(one, (NEAR, FAR)), View(other, (FAR,))], space)
    (face,) = described(describer, [patch_of(RED)])
    averaged = unit(vectors(one, 0) + vectors(one, 1))
    assert not np.allclose(vectors(one, 0), vectors(one, 1), atol=0.01)
    np.testing.assert_allclose(face.vector[:3], 0.5 * averaged[0], atol=1e-6)
    np.testing.assert_allclose(face.vector[3:], 0.75**0.5 * vectors(other, 0)[0], atol=1e-6)


def test_vectors_are_kept_as_the_embedders_give_them_and_not_whitened() -> None:
    plain = FaceSpace.plain([Block(3, 1.0)])
    turned = FaceSpace(
        plain.blocks, (np.diag([1, 5, 9]).astype(np.float32),), plain.mean, plain.mean, plain.crowd_covariance
    )
    one, other = (
        described(FaceDescriber([View(ColourEmbedder(), (NEAR,))], space), [patch_of(RED)])[0]
        for space in (plain, turned)
    )
    np.testing.assert_array_equal(one.vector, other.vector)


def test_a_norm_that_tells_how_clear_a_face_is_gives_its_quality() -> None:
    embedder = ColourEmbedder()
    clear = float(np.linalg.norm(np.array(RED) - 128.0))
    pale = (189, 66, 66)  # half as far from grey
    view = View(embedder, (NEAR,), clear_norm=clear)
    faces = described(FaceDescriber([view], FaceSpace.plain([Block(3, 1.0)])), [patch_of(RED), patch_of(pale)])
    assert [face.quality for face in faces] == pytest.approx([1.0, 0.25], abs=0.01)


def test_without_such_a_norm_there_is_no_quality() -> None:
    (face,) = described(
        FaceDescriber([View(ColourEmbedder(), (NEAR,))], FaceSpace.plain([Block(3, 1.0)])), [patch_of(RED)]
    )
    assert face.quality is None


def test_the_first_embedder_with_such_a_norm_tells_it_by_its_first_view() -> None:
    clear = float(np.linalg.norm(np.array(RED) - 128.0))
    space = FaceSpace.plain([Block(3, 0.4), Block(3, 0.3), Block(3, 0.3)])
    views = [
        View(ColourEmbedder(), (FAR,)),
        View(ColourEmbedder(), (NEAR, FAR), clear_norm=clear),
        View(ColourEmbedder(), (NEAR,), clear_norm=2 * clear),
    ]
    (face,) = described(FaceDescriber(views, space), [patch_of(RED)])
    assert face.quality == pytest.approx(1.0, abs=0.01)


def test_a_portrait_shows_the_face() -> None:
    describer = FaceDescriber([View(ColourEmbedder(), (NEAR,))], FaceSpace.plain([Block(3, 1.0)]))
    for face, colour in zip(described(describer, [patch_of(RED), patch_of(GREEN)]), (RED, GREEN), strict=True):
        assert face.portrait.shape == (96, 96, 3)
        assert face.portrait[48, 48].tolist() == list(colour)


@pytest.mark.parametrize("count", [0, 1, 16, 17, 40])
def test_faces_are_described_sixteen_at_a_time_in_their_order(count: int) -> None:
    embedder = NotedEmbedder()
    describer = FaceDescriber([View(embedder, (NEAR,))], FaceSpace.plain([Block(3, 1.0)]))
    colours = [RED if number % 3 else GREEN for number in range(count)]
    faces = described(describer, [patch_of(colour) for colour in colours])
    assert all(len(batch) <= 16 for batch in embedder.batches)
    assert sum(len(batch) for batch in embedder.batches) == count
    assert [bool(face.vector[0] > 0) for face in faces] == [colour == RED for colour in colours]


def test_a_patch_must_hold_every_view_of_every_embedder() -> None:
    space = FaceSpace.plain([Block(3, 0.5), Block(3, 0.5)])
    describer = FaceDescriber([View(ColourEmbedder(), (NEAR, FAR)), View(ColourEmbedder(), (FAR,))], space)
    assert describer.alignments == (NEAR, FAR, FAR)
