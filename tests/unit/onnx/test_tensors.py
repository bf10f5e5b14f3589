import numpy as np
import pytest

from stash_sense.adapters.onnx.tensors import resize_crop, shrink, to_tensor
from stash_sense.models.card import InputCard

PLAIN = InputCard(channels="rgb", mean=(0, 0, 0), std=1)


def test_pixels_become_planes_in_the_order_of_the_card() -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    tensor = to_tensor([image], InputCard(channels="bgr", mean=(1, 2, 3), std=2), 2, 3)
    assert tensor.shape == (1, 3, 2, 3)
    assert tensor.dtype == np.float32
    np.testing.assert_array_equal(tensor[0], ((image[..., ::-1].astype(float) - [1, 2, 3]) / 2).transpose(2, 0, 1))


def test_channels_may_come_last() -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    tensor = to_tensor([image], InputCard(channels="bgr", mean=(1, 2, 3), std=2, layout="NHWC"), 2, 3)
    np.testing.assert_array_equal(tensor[0], (image[..., ::-1].astype(float) - [1, 2, 3]) / 2)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_around_a_smaller_picture_the_canvas_is_black(layout: str) -> None:
    card = InputCard.model_validate({"channels": "rgb", "mean": (10, 10, 10), "std": 5, "layout": layout})
    tensor = to_tensor([np.full((2, 3, 3), 20, np.uint8)], card, 4, 5)
    planes = tensor[0] if layout == "NCHW" else tensor[0].transpose(2, 0, 1)
    assert np.all(planes[:, :2, :3] == 2.0)
    assert np.all(planes[:, 2:] == -2.0)
    assert np.all(planes[:, :, 3:] == -2.0)


def test_a_view_that_runs_backwards_is_read_as_it_looks() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    mirrored = image[:, ::-1]
    np.testing.assert_array_equal(to_tensor([mirrored], PLAIN, 4, 6), to_tensor([mirrored.copy()], PLAIN, 4, 6))


def test_shrinking_by_a_whole_number_is_the_mean_of_the_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 18, 3), np.uint8)
    means = image.astype(float).reshape(4, 3, 6, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shrink(image, 4, 6), means, atol=0.6)


def test_shrinking_by_any_number_keeps_brightness_and_places() -> None:
    ramp = np.tile(np.linspace(0, 250, 500)[None, :, None], (300, 1, 3)).astype(np.uint8)
    small = shrink(ramp, 131, 218)
    expected = (np.arange(218) + 0.5) / 218 * 250
    np.testing.assert_allclose(small[60, 2:-2, 0], expected[2:-2], atol=1.5)


def test_a_picture_of_the_right_size_is_not_copied() -> None:
    image = np.zeros((4, 6, 3), np.uint8)
    assert shrink(image, 4, 6) is image
    assert resize_crop(image[:, :4], 4).base is image


def test_a_crop_is_scaled_smoothly() -> None:
    crop = np.zeros((2, 2, 3), np.uint8)
    crop[:, 1] = 200
    np.testing.assert_array_equal(resize_crop(crop, 4)[0, :, 0], [0, 50, 150, 200])
